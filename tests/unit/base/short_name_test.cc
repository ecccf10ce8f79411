// SPDX-License-Identifier: Apache-2.0
#include "host/base/short_name.h"

#include <gtest/gtest.h>

namespace dsw {
namespace {

TEST(ShortNameTest, WhatFitsStays) {
  EXPECT_EQ(ShortName("", 20), "");
  EXPECT_EQ(ShortName(std::string(20, 'x'), 20), std::string(20, 'x'));
}

TEST(ShortNameTest, WhatDoesNotFitIsCutAndStaysApartFromOthers) {
  const std::string name = ShortName(std::string(1000, 'x') + "1", 64);
  EXPECT_EQ(name.size(), 64U);
  EXPECT_EQ(name.substr(0, 48), std::string(47, 'x') + "-");
  EXPECT_NE(name, ShortName(std::string(1000, 'x') + "2", 64));
  EXPECT_EQ(name, ShortName(std::string(1000, 'x') + "1", 64));
}

TEST(ShortNameTest, IsNotCutInsideACharacter) {
  EXPECT_EQ(Beginning("aé", 2), "a");
  EXPECT_EQ(Beginning("aé", 3), "aé");
  EXPECT_EQ(ShortName("éééééééééééé", 20).substr(0, 3), "é-");
}

}  // namespace
}  // namespace dsw
