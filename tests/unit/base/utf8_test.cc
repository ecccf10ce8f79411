// SPDX-License-Identifier: Apache-2.0
#include "host/base/utf8.h"

#include <gtest/gtest.h>

namespace dsw {
namespace {

constexpr const char* kReplacement = "\xEF\xBF\xBD";

TEST(CleanUtf8Test, KeepsWellFormedText) {
  const std::string text = "plain, é, 漢字, 🙂, \xF4\x8F\xBF\xBF";
  EXPECT_EQ(CleanUtf8(text), text);
}

TEST(CleanUtf8Test, ReplacesEveryByteThatBelongsToNoCharacter) {
  const std::string r = kReplacement;
  EXPECT_EQ(CleanUtf8("a\xFF"
                      "b"),
            "a" + r + "b");
  EXPECT_EQ(CleanUtf8("cut \xE6\xBC"), "cut " + r + r);
  EXPECT_EQ(CleanUtf8("\xC0\xAF"), r + r) << "overlong";
  EXPECT_EQ(CleanUtf8("\xE0\x80\xAF"), r + r + r) << "overlong";
  EXPECT_EQ(CleanUtf8("\xED\xA0\x80"), r + r + r) << "surrogate";
  EXPECT_EQ(CleanUtf8("\xF4\x90\x80\x80"), r + r + r + r) << "beyond Unicode";
  EXPECT_EQ(CleanUtf8(std::string_view("a\0b", 3)), "a" + r + "b");
}

TEST(VisibleTest, WhatATerminalObeysIsShown) {
  EXPECT_EQ(Visible("plain é 漢"), "plain é 漢");
  EXPECT_EQ(Visible("a\x1b[31mb\n\tc\x07\x7f"), "a\\x1b[31mb\\n\\tc\\x07\\x7f");
  EXPECT_EQ(Visible("\xc2\x9b"
                    "31m"),
            "\\x9b31m");
  EXPECT_EQ(Visible("a\xff"), "a\xef\xbf\xbd");
}

}  // namespace
}  // namespace dsw
