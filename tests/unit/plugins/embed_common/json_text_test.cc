// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_common/json_text.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <dsw/plugin.hpp>

namespace dsw {
namespace {

std::string Quoted(std::string_view text) {
  std::string out;
  AppendJsonString(out, text);
  return out;
}

TEST(JsonTextTest, EscapesWhatJsonMust) {
  EXPECT_EQ(Quoted(""), R"("")");
  EXPECT_EQ(Quoted("plain"), R"("plain")");
  EXPECT_EQ(Quoted("a\"b\\c/d"), R"("a\"b\\c/d")");
  EXPECT_EQ(Quoted("\n\r\t\b\f"), R"("\n\r\t\b\f")");
  EXPECT_EQ(Quoted(std::string_view("\0\x01\x1f\x7f", 4)), "\"\\u0000\\u0001\\u001f\x7f\"");
  EXPECT_EQ(Quoted("grüße 漢字 😀"), "\"grüße 漢字 😀\"");
}

TEST(JsonTextTest, EscapesEachByteAtEachPlaceOfAWord) {
  for (int byte = 0; byte < 0x80; ++byte) {
    for (std::size_t at = 0; at < 20; ++at) {
      std::string text = "äbcdefghijklmnopqrst";
      text[at + 1] = static_cast<char>(byte);
      if (at == 0) text[0] = 'a';
      EXPECT_EQ(nlohmann::json::parse(Quoted(text)).get<std::string>(), text) << byte << " " << at;
    }
  }
}

TEST(JsonTextTest, RepairsWhatIsNotUtf8) {
  EXPECT_EQ(Quoted("a\xff"
                   "b"),
            "\"a\xef\xbf\xbd"
            "b\"");
  EXPECT_EQ(Quoted("\xc3"), "\"\xef\xbf\xbd\"");
  EXPECT_EQ(Quoted("\xe2\x82"), "\"\xef\xbf\xbd\"") << "one for each part of a character";
  EXPECT_EQ(Quoted("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"") << "a surrogate";
  EXPECT_EQ(Quoted("\xf4\x90\x80\x80"
                   "\n\xe2\x82\xac"),
            "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\\n\xe2\x82\xac\"");
}

TEST(JsonTextTest, ListsTexts) {
  const std::vector<dsw_str> texts = {DSW_STR("a"), {nullptr, 0}, DSW_STR("\"")};
  std::string out = "x";
  AppendJsonStrings(out, texts.data(), texts.size());
  EXPECT_EQ(out, R"(x["a","","\""])");
  EXPECT_GE(EstimateJsonStrings(texts.data(), texts.size()), 11u);
}

}  // namespace
}  // namespace dsw
