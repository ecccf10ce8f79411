// SPDX-License-Identifier: Apache-2.0
#include "host/domain/cut_text.h"

#include <gtest/gtest.h>

namespace dsw {
namespace {

constexpr std::string_view kText = "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80z";  // 1+2+3+4+1 bytes

TEST(CutTextTest, WhatFitsStaysWhole) {
  EXPECT_EQ(CutText(kText, kText.size(), Truncate::kEnd), kText);
  EXPECT_EQ(CutText("", 0, Truncate::kStart), "");
}

TEST(CutTextTest, TheEndIsCutBeforeACharacter) {
  EXPECT_EQ(CutText(kText, 10, Truncate::kEnd), kText.substr(0, 10));
  for (const std::size_t most : {6, 7, 8, 9}) {
    EXPECT_EQ(CutText(kText, most, Truncate::kEnd), kText.substr(0, 6)) << most;
  }
  EXPECT_EQ(CutText(kText, 2, Truncate::kEnd), "a");
}

TEST(CutTextTest, TheStartIsCutAfterACharacter) {
  EXPECT_EQ(CutText(kText, 10, Truncate::kStart), kText.substr(1));
  for (const std::size_t most : {1, 2, 3, 4}) {
    EXPECT_EQ(CutText(kText, most, Truncate::kStart), "z") << most;
  }
  EXPECT_EQ(CutText(kText, 5, Truncate::kStart), kText.substr(6));
}

}  // namespace
}  // namespace dsw
