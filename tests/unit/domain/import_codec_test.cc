// SPDX-License-Identifier: Apache-2.0
#include "host/domain/import_codec.h"

#include "tests/support/matchers.h"

namespace dsw {
namespace {

TEST(ImportCodecTest, ReadsChunksWithAndWithoutMetadata) {
  ASSERT_OK_AND_ASSIGN(const ImportItem item, ParseImportLine(R"({
    "title": "Annual Report", "metadata": {"source_file": "document.pdf", "author": "John Doe"},
    "chunks": ["first text", {"text": "second text", "metadata": {"page": 2}}]})"));
  EXPECT_EQ(item.title, "Annual Report");
  EXPECT_EQ(item.metadata_json, R"({"source_file":"document.pdf","author":"John Doe"})");
  ASSERT_EQ(item.chunks.size(), 2u);
  EXPECT_EQ(item.chunks[0].text, "first text");
  EXPECT_EQ(item.chunks[0].metadata_json, "");
  EXPECT_EQ(item.chunks[1].text, "second text");
  EXPECT_EQ(item.chunks[1].metadata_json, R"({"page":2})");
}

TEST(ImportCodecTest, ReadsAnItemOfOneChunk) {
  ASSERT_OK_AND_ASSIGN(const ImportItem item,
                       ParseImportLine(R"({"title":"Short note","text":"an item of one chunk"})"));
  ASSERT_EQ(item.chunks.size(), 1u);
  EXPECT_EQ(item.chunks[0].text, "an item of one chunk");
  EXPECT_EQ(item.metadata_json, "{}");
}

TEST(ImportCodecTest, KeepsUnknownMembersInTheMetadata) {
  ASSERT_OK_AND_ASSIGN(const ImportItem item,
                       ParseImportLine(R"({"title":"t","url":"u","metadata":{"a":1},"a":2,
                          "chunks":[{"text":"x","page":3,"metadata":{"p":1}}]})"));
  EXPECT_EQ(item.metadata_json, R"({"a":1,"url":"u"})");
  EXPECT_EQ(item.chunks[0].metadata_json, R"({"p":1,"page":3})");
}

TEST(ImportCodecTest, TakesNullMetadataForNone) {
  ASSERT_OK_AND_ASSIGN(const ImportItem item,
                       ParseImportLine(R"({"title":"t","text":"x","metadata":null})"));
  EXPECT_EQ(item.metadata_json, "{}");
}

TEST(ImportCodecTest, KeepsUnicodeAndAByteOrderMark) {
  ASSERT_OK_AND_ASSIGN(
      const ImportItem item,
      ParseImportLine("\xEF\xBB\xBF{\"title\":\"Ünïcode\",\"text\":\"\\ud83d\\ude00 漢字\"}"));
  EXPECT_EQ(item.title, "Ünïcode");
  EXPECT_EQ(item.chunks[0].text, "😀 漢字");
}

struct BadLine {
  std::string line;
  std::string reason;
};

TEST(ImportCodecTest, SaysWhatIsWrong) {
  const BadLine cases[] = {
      {"", "not JSON"},
      {"{\"title\":", "not JSON at byte"},
      {"[1]", "not a JSON object"},
      {R"({"text":"x"})", "\"title\" is missing"},
      {R"({"title":"","text":"x"})", "\"title\" is missing or empty"},
      {R"({"title":5,"text":"x"})", "\"title\" is not a string"},
      {R"({"title":"t"})", "no text"},
      {R"({"title":"t","text":""})", "no text"},
      {R"({"title":"t","text":["x"]})", "\"text\" is not a string"},
      {R"({"title":"t","chunks":[]})", "\"chunks\" is empty"},
      {R"({"title":"t","chunks":"x"})", "\"chunks\" is not an array"},
      {R"({"title":"t","chunks":["x"],"text":"y"})", "both"},
      {R"({"title":"t","chunks":["x",7]})", "chunks[1]: is neither"},
      {R"({"title":"t","chunks":["x",""]})", "chunks[1]: has no text"},
      {R"({"title":"t","chunks":[{"metadata":{}}]})", "chunks[0]: has no text"},
      {R"({"title":"t","chunks":[{"text":"x","metadata":[]}]})", "\"metadata\" is not an object"},
      {R"({"title":"t","text":"x","metadata":"m"})", "\"metadata\" is not an object"},
      {R"({"title":"t","text":"a\u0000b"})", "U+0000"},
      {R"({"title":"t","text":"x","metadata":{"k\u0000":1}})", "U+0000"},
      {"{\"title\":\"t\",\"text\":\"\xff\"}", "not UTF-8 at byte"},
      {R"({"title":"t","text":"x","metadata":{"n":1e999}})", "out of range"},
      {R"({"title":"t","text":"x","metadata":)" + std::string(100, '[') + std::string(100, ']') +
           "}",
       "nested"},
      {R"({"title":"t","text":"\ud800"})", "not JSON at byte"},
  };
  for (const BadLine& bad : cases) {
    EXPECT_FAIL(ParseImportLine(bad.line), Code::kInvalid, bad.reason) << bad.line;
  }
}

TEST(ImportCodecTest, SurvivesVeryDeepNesting) {
  EXPECT_FAIL(ParseImportLine(std::string(1'000'000, '[')), Code::kInvalid);
}

}  // namespace
}  // namespace dsw
