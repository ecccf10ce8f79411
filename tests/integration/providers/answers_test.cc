// SPDX-License-Identifier: Apache-2.0
//
// Answers with vectors, as they should be and as they are at times.
#include "tests/integration/providers/provider_fixture.h"

namespace dsw {
namespace {

using doubles::Quirk;

const std::vector<std::string> kTexts = {"first", "zweiter Text, äöü \"€\" 🦆",
                                         "third\nwith\ttabs \\ and \x01"};

TEST_P(EachProviderTest, GivesEachTextItsVector) {
  Start();
  const Result<Vectors> vectors = Embed(kTexts);
  ExpectVectors(vectors, kTexts);
  EXPECT_EQ(vectors->tokens.has_value(), GetParam().counts_tokens);
  const doubles::Counters counters = service().counters();
  EXPECT_EQ(counters.items, kTexts.size());
  EXPECT_EQ(counters.duplicates, 0u);
}

TEST_P(EachProviderTest, EmbedsQuestions) {
  Start();
  ExpectVectors(Embed({"a question?"}, InputType::kQuery), {"a question?"});
}

TEST_P(EachProviderTest, TakesAnswersThatLackWhatIsNotNeeded) {
  for (const Quirk quirk : {Quirk::kShuffled, Quirk::kBase64Ignored, Quirk::kIndexAllZero,
                            Quirk::kNoIndex, Quirk::kNoUsage}) {
    Start();
    service().QuirkAlways(quirk);
    ExpectVectors(Embed(kTexts), kTexts);
  }
}

TEST_P(EachProviderTest, RefusesAnswersThatAreNotVectorsForTheTexts) {
  for (const Quirk quirk : {Quirk::kEmptyData, Quirk::kOneMissing, Quirk::kNan, Quirk::kUnevenDims,
                            Quirk::kZeroVector}) {
    Start();
    service().QuirkAlways(quirk);
    EXPECT_FAIL(Embed(kTexts), Code::kBadResponse) << static_cast<int>(quirk);
  }
}

TEST_P(EachProviderTest, RefusesVectorsOfAnotherSizeThanTheModels) {
  if (!GetParam().dims_known) return;
  Start();
  service().QuirkAlways(Quirk::kWrongDims);
  EXPECT_FAIL(Embed(kTexts), Code::kBadResponse, std::to_string(GetParam().dims));
}

TEST_P(EachProviderTest, RefusesTwoVectorsForOneText) {
  if (!GetParam().has_index) return;
  Start();
  service().QuirkAlways(Quirk::kIndexTwice);
  EXPECT_FAIL(Embed(kTexts), Code::kBadResponse);
}

TEST_P(EachProviderTest, EmbedsAgainAfterABadAnswer) {
  Start();
  service().QuirkNext(Quirk::kEmptyData);
  EXPECT_FAIL(Embed(kTexts), Code::kBadResponse);
  ExpectVectors(Embed(kTexts), kTexts);
}

TEST_P(EachProviderTest, KeepsOneConnection) {
  Start();
  for (int i = 0; i < 5; ++i) ASSERT_OK(EmbedTwo());
  EXPECT_EQ(service().connection_count(), 1u);
}

INSTANTIATE_TEST_SUITE_P(All, EachProviderTest, testing::ValuesIn(AllPairings()),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace dsw
