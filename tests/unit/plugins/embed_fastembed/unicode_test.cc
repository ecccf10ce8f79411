// SPDX-License-Identifier: Apache-2.0
// Decomposition, lower-casing and UTF-8.
#include "plugins/embed_fastembed/unicode.h"

#include <gtest/gtest.h>

namespace dsw::fastembed {
namespace {

TEST(UnicodeTest, DecomposesIntoCanonicalOrder) {
  EXPECT_EQ(Decompose(U"\u1e9b\u0323"), U"\u017f\u0323\u0307");
  EXPECT_EQ(Decompose(U"a\u302e\u302ab"), U"a\u302a\u302eb");
  EXPECT_EQ(Decompose(U"a\u0301\u0300"), U"a\u0301\u0300");
  EXPECT_EQ(Decompose(U"\u0345\U0001d165\u0334"), U"\u0334\U0001d165\u0345");
}

TEST(UnicodeTest, DecomposesHangulByArithmetic) {
  EXPECT_EQ(Decompose(U"\uac00\uac01\ud7a3"), U"\u1100\u1161\u1100\u1161\u11a8\u1112\u1175\u11c2");
}

TEST(UnicodeTest, LowersOneCharacterAtATime) {
  std::u32string out;
  for (const char32_t c : std::u32string(U"AΣİ\u0100\u0101ß\U00010400")) AppendLower(c, out);
  EXPECT_EQ(out, U"aσi\u0307\u0101\u0101ß\U00010428");
}

TEST(UnicodeTest, ReplacesEachMalformedByte) {
  EXPECT_EQ(DecodeUtf8("a\x80\xc0\xaf"), U"a\ufffd\ufffd\ufffd");
  EXPECT_EQ(DecodeUtf8("\xf4\x90\x80\x80"), U"\ufffd\ufffd\ufffd\ufffd");
  EXPECT_EQ(DecodeUtf8("\xe2\x82"), U"\ufffd\ufffd");
  EXPECT_EQ(DecodeUtf8("\xf0\x9f\x98\x80"), U"\U0001f600");
}

TEST(UnicodeTest, WritesTheUtf8ThatItReads) {
  for (const char32_t c : {0x24u, 0xA2u, 0x20ACu, 0x10348u, 0x10FFFFu}) {
    std::string bytes;
    AppendUtf8(c, bytes);
    EXPECT_EQ(DecodeUtf8(bytes), std::u32string(1, c));
  }
}

}  // namespace
}  // namespace dsw::fastembed
