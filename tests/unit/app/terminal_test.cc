// SPDX-License-Identifier: Apache-2.0
#include "host/app/terminal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dsw {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(WrapTextTest, CutsAtSpacesAndFoldsThem) {
  EXPECT_THAT(WrapText("one  two\n\tthree four", 9, 10), ElementsAre("one two", "three", "four"));
}

TEST(WrapTextTest, MarksWhatItLeavesOut) {
  EXPECT_THAT(WrapText("one two three", 5, 2), ElementsAre("one", "two …"));
}

TEST(WrapTextTest, AWordThatIsTooLongStandsAlone) {
  EXPECT_THAT(WrapText("a incomprehensibilities b", 5, 10),
              ElementsAre("a", "incomprehensibilities", "b"));
}

TEST(WrapTextTest, CountsCharactersNotBytes) {
  EXPECT_THAT(WrapText("äöü äöü", 7, 10), ElementsAre("äöü äöü"));
}

TEST(WrapTextTest, NothingIsNoLine) {
  EXPECT_THAT(WrapText(" \n ", 10, 3), IsEmpty());
}

}  // namespace
}  // namespace dsw
