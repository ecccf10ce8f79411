// SPDX-License-Identifier: Apache-2.0
// Tokens against the reference, and each switch of the tokenizer by itself.
#include "plugins/embed_fastembed/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/embed_fastembed/tokenizer_files.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/plugins/embed_fastembed/support.h"

namespace dsw::fastembed {
namespace {

using testing::ElementsAre;
using Ids = std::vector<std::int64_t>;

void ExpectGoldenTokens(const std::filesystem::path& folder) {
  const Golden golden = ReadGolden(folder / "golden.json");
  const Tokenizer tokenizer(LoadTokenizer(folder));
  for (const GoldenRow& row : golden.rows) {
    const Encoding encoding = tokenizer.Encode(row.text, golden.max_length);
    EXPECT_EQ(encoding.ids, row.tokens) << row.text;
    EXPECT_EQ(encoding.truncated, row.truncated) << row.text;
  }
}

TEST(TokenizerTest, AgreesWithTheReferenceFromTokenizerJson) {
  ExpectGoldenTokens(kTinyBert / "cls");
}

TEST(TokenizerTest, AgreesWithTheReferenceFromVocabTxt) {
  ExpectGoldenTokens(kTinyBert / "mean");
}

TokenizerSpec SmallSpec() {
  TokenizerSpec spec;
  std::int64_t id = 0;
  for (const char* token : {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "##b", "É", "é", "e",
                            "i\u0307", "x", "中", "e\u0301"}) {
    spec.vocabulary[token] = id++;
  }
  spec.unknown_id = 1;
  spec.first_id = 2;
  spec.last_id = 3;
  return spec;
}

Ids Encode(TokenizerSpec spec, std::string_view text, std::size_t max_length = 64) {
  return Tokenizer(std::move(spec)).Encode(text, max_length).ids;
}

TEST(TokenizerTest, StripsAccentsOnlyWhenTold) {
  TokenizerSpec spec = SmallSpec();
  EXPECT_THAT(Encode(spec, "É"), ElementsAre(2, 8, 3));
  spec.strip_accents = false;
  EXPECT_THAT(Encode(spec, "É"), ElementsAre(2, 7, 3));
  EXPECT_THAT(Encode(spec, "e\u0301"), ElementsAre(2, 12, 3));
  spec.lowercase = false;
  EXPECT_THAT(Encode(spec, "É"), ElementsAre(2, 6, 3));
}

TEST(TokenizerTest, LowersCharacterByCharacter) {
  TokenizerSpec spec = SmallSpec();
  spec.strip_accents = false;
  EXPECT_THAT(Encode(spec, "İ"), ElementsAre(2, 9, 3));
}

TEST(TokenizerTest, SplitsIdeographsOnlyWhenTold) {
  TokenizerSpec spec = SmallSpec();
  EXPECT_THAT(Encode(spec, "a中b"), ElementsAre(2, 4, 11, 1, 3));
  spec.split_ideographs = false;
  EXPECT_THAT(Encode(spec, "a中b"), ElementsAre(2, 1, 3));
}

TEST(TokenizerTest, KeepsControlCharactersUnlessItCleans) {
  TokenizerSpec spec = SmallSpec();
  EXPECT_THAT(Encode(spec,
                     "a\x01"
                     "b"),
              ElementsAre(2, 4, 5, 3));
  spec.clean_text = false;
  EXPECT_THAT(Encode(spec,
                     "a\x01"
                     "b"),
              ElementsAre(2, 1, 3));
}

TEST(TokenizerTest, DropsMalformedBytes) {
  EXPECT_THAT(Encode(SmallSpec(),
                     "a\xff\xc3 \xed\xa0\x80"
                     "a\xf0\x9f"),
              ElementsAre(2, 4, 4, 3));
}

TEST(TokenizerTest, CutsBetweenTheSpecialTokens) {
  const Tokenizer tokenizer(SmallSpec());
  const Encoding cut = tokenizer.Encode("a a a", 4);
  EXPECT_THAT(cut.ids, ElementsAre(2, 4, 4, 3));
  EXPECT_TRUE(cut.truncated);
  const Encoding whole = tokenizer.Encode("a a a", 5);
  EXPECT_THAT(whole.ids, ElementsAre(2, 4, 4, 4, 3));
  EXPECT_FALSE(whole.truncated);
}

TEST(TokenizerTest, FindsAddedTokensBeforeAndAfterNormalization) {
  TokenizerSpec spec = SmallSpec();
  spec.added_tokens = {{"[X]", 50, false, false, false}, {"É x", 51, true, false, false}};
  EXPECT_THAT(Encode(spec, "a[X]a [x] aÉ xa"), ElementsAre(2, 4, 50, 4, 1, 10, 1, 4, 51, 4, 3));
}

TEST(TokenizerTest, LetsAddedTokensTakeTheSpaceBesideThem) {
  TokenizerSpec spec = SmallSpec();
  // A word that consists of a space shows where spaces are left.
  spec.added_tokens = {{"[L]", 50, false, true, false},
                       {"[R]", 51, false, false, true},
                       {" ", 52, false, false, false}};
  EXPECT_THAT(Encode(spec, "a[R]  a"), ElementsAre(2, 4, 51, 4, 3));
  EXPECT_THAT(Encode(spec, "a [L]a"), ElementsAre(2, 4, 52, 50, 4, 3));
}

TEST(TokenizerTest, PrefersTheLongestAddedToken) {
  TokenizerSpec spec = SmallSpec();
  spec.added_tokens = {{"<a", 50, false, false, false}, {"<a>", 51, false, false, false}};
  EXPECT_THAT(Encode(spec, "<a><a"), ElementsAre(2, 51, 50, 3));
}

class TokenizerFilesTest : public testing::Test {
 protected:
  void Write(const std::string& name, std::string_view content) { WriteFile(dir_ / name, content); }

  TempDir dir_;
};

TEST_F(TokenizerFilesTest, SaysWhichFilesAreMissing) {
  ExpectFailure([&] { LoadTokenizer(dir_.path()); }, DSW_E_INVALID_CONFIG,
                {dir_.path().string(), "tokenizer.json", "vocab.txt"}, kLocal);
}

TEST_F(TokenizerFilesTest, RefusesADamagedFile) {
  Write("tokenizer.json", R"({"model": )");
  ExpectFailure([&] { LoadTokenizer(dir_.path()); }, DSW_E_INVALID_CONFIG,
                {(dir_ / "tokenizer.json").string(), "damaged"}, kLocal);
  nlohmann::json json = ReadJson(kTinyBert / "cls" / "tokenizer.json");
  json["model"]["vocab"] = 7;
  Write("tokenizer.json", json.dump());
  ExpectFailure([&] { LoadTokenizer(dir_.path()); }, DSW_E_INVALID_CONFIG,
                {(dir_ / "tokenizer.json").string(), "not laid out"}, kLocal);
}

TEST_F(TokenizerFilesTest, RefusesOtherKindsOfTokenizer) {
  nlohmann::json json = ReadJson(kTinyBert / "cls" / "tokenizer.json");
  const auto expect_refusal = [&](const char* key, const char* type) {
    nlohmann::json changed = json;
    changed[key]["type"] = type;
    Write("tokenizer.json", changed.dump());
    ExpectFailure([&] { LoadTokenizer(dir_.path()); }, DSW_E_INVALID_CONFIG, {type, "WordPiece"});
  };
  expect_refusal("model", "BPE");
  expect_refusal("normalizer", "NFC");
  expect_refusal("pre_tokenizer", "ByteLevel");
  expect_refusal("post_processor", "ByteLevel");
}

TEST_F(TokenizerFilesTest, NamesTheSpecialTokenThatAVocabularyLacks) {
  Write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\nword\n");
  ExpectFailure([&] { LoadTokenizer(dir_.path()); }, DSW_E_INVALID_CONFIG,
                {(dir_ / "vocab.txt").string(), "[SEP]"});
}

TEST_F(TokenizerFilesTest, TakesCaseAndNamesFromTokenizerConfig) {
  Write("vocab.txt", "<pad>\r\n<unk>\r\n<s>\r\n</s>\r\nWord\r\n");
  Write("tokenizer_config.json", R"({"do_lower_case": false, "pad_token": "<pad>",
        "unk_token": {"content": "<unk>"}, "cls_token": "<s>", "sep_token": "</s>"})");
  EXPECT_THAT(Encode(LoadTokenizer(dir_.path()), "Word word</s>"), ElementsAre(2, 4, 1, 3, 3));
}

}  // namespace
}  // namespace dsw::fastembed
