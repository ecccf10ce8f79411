// SPDX-License-Identifier: Apache-2.0
//
// The limits of the services, at the limit and one beyond.
#include "tests/integration/providers/provider_fixture.h"

namespace dsw {
namespace {

using Unit = SizeLimit::Unit;

class ProviderLimitsTest : public ProviderTest {
 protected:
  Result<Vectors> EmbedMany(std::size_t count, std::size_t bytes = 1) {
    return Embed(std::vector<std::string>(count, std::string(bytes, 'x')));
  }
  void ExpectTooLarge(const Result<Vectors>& vectors, Unit unit, std::int64_t allowed,
                      std::int64_t asked) {
    ASSERT_TRUE(FailsWith(vectors, Code::kTooLarge));
    ASSERT_TRUE(vectors.error().limit.has_value()) << vectors.error().message;
    EXPECT_EQ(vectors.error().limit->unit, unit);
    EXPECT_EQ(vectors.error().limit->allowed, allowed);
    EXPECT_EQ(vectors.error().limit->asked, asked);
  }
};

TEST_F(ProviderLimitsTest, OpenAisTexts) {
  StartNamed("OpenAi", {}, R"({"dimensions":8})");
  EXPECT_OK(EmbedMany(2048));
  EXPECT_FAIL(EmbedMany(2049), Code::kTooLarge);
  doubles::Options lower;
  lower.max_items = 50;
  StartNamed("OpenAi", lower);
  EXPECT_FAIL(EmbedMany(51), Code::kTooLarge);
}

TEST_F(ProviderLimitsTest, OpenAisTokensOfARequest) {
  StartNamed("OpenAi", {}, R"({"dimensions":8})");
  std::vector<std::string> texts(40, std::string(30'000, 'x'));
  EXPECT_OK(Embed(texts));
  texts[0] += 'x';
  ExpectTooLarge(Embed(texts), Unit::kTokens, 300'000, 300'001);
}

TEST_F(ProviderLimitsTest, OpenAisTokensOfAText) {
  StartNamed("OpenAi");
  EXPECT_OK(EmbedMany(1, 8192 * 4));
  EXPECT_FAIL(EmbedMany(1, 8192 * 4 + 1), Code::kInputTooLong);
  doubles::Options named;
  named.poison_named = true;
  StartNamed("OpenAi", named);
  const Result<Vectors> vectors = Embed({"a", "b", std::string(8192 * 4 + 1, 'x')});
  ASSERT_TRUE(FailsWith(vectors, Code::kInputTooLong));
  EXPECT_EQ(vectors.error().item, 2u);
}

TEST_F(ProviderLimitsTest, CoheresTexts) {
  for (const char* version : {"CohereV1", "CohereV2"}) {
    StartNamed(version);
    EXPECT_OK(EmbedMany(96));
    EXPECT_FAIL(EmbedMany(97), Code::kTooLarge);
    // As it would be if the service lowered its limit.
    doubles::Options lower;
    lower.max_items = 50;
    StartNamed(version, lower);
    EXPECT_OK(EmbedMany(50));
    ExpectTooLarge(EmbedMany(51), Unit::kItems, 50, 51);
  }
}

TEST_F(ProviderLimitsTest, CoheresTokensOfAText) {
  StartNamed("CohereV1");
  EXPECT_OK(EmbedMany(1, 512 * 4 + 1)) << "the service cuts it";
  StartNamed("CohereV1", {}, R"({"truncate":"NONE"})");
  EXPECT_OK(EmbedMany(1, 512 * 4));
  EXPECT_FAIL(EmbedMany(1, 512 * 4 + 1), Code::kInputTooLong);
}

TEST_F(ProviderLimitsTest, JinasTexts) {
  StartNamed("Jina", {}, R"({"dimensions":8})");
  EXPECT_OK(EmbedMany(512));
  EXPECT_FAIL(EmbedMany(513), Code::kTooLarge);
  doubles::Options lower;
  lower.max_items = 50;
  StartNamed("Jina", lower);
  EXPECT_OK(EmbedMany(50));
  ExpectTooLarge(EmbedMany(51), Unit::kItems, 50, 0);
}

TEST_F(ProviderLimitsTest, JinasTokensOfAText) {
  StartNamed("Jina", {}, R"({"truncate":false})");
  EXPECT_OK(EmbedMany(1, 8192 * 4));
  EXPECT_FAIL(EmbedMany(1, 8192 * 4 + 1), Code::kInputTooLong);
}

TEST_F(ProviderLimitsTest, VoyagesTexts) {
  StartNamed("Voyage", {}, R"({"dimensions":256})");
  EXPECT_OK(EmbedMany(1000));
  EXPECT_FAIL(EmbedMany(1001), Code::kTooLarge);
}

TEST_F(ProviderLimitsTest, VoyagesTokensOfARequest) {
  StartNamed("Voyage", {}, R"({"dimensions":256})");
  std::vector<std::string> texts(11, std::string(29'000 * 4, 'x'));
  EXPECT_OK(Embed(texts));
  texts.emplace_back(1000 * 4 + 1, 'x');
  ExpectTooLarge(Embed(texts), Unit::kTokens, 320'000, 320'001);
}

TEST_F(ProviderLimitsTest, TheInferenceApisTextsAndBytes) {
  StartNamed("InternalFastEmbed");
  EXPECT_OK(EmbedMany(128));
  StartNamed("InternalFastEmbed", {}, R"({"max_batch":500})");
  ExpectTooLarge(EmbedMany(129), Unit::kItems, 128, 129);
  EXPECT_OK(EmbedMany(1, 2'000'000));
  const Result<Vectors> vectors = EmbedMany(1, 2'200'000);
  EXPECT_FAIL(vectors, Code::kTooLarge);
}

TEST_F(ProviderLimitsTest, TeisTextsAndBytes) {
  for (const bool before_1_9 : {false, true}) {
    doubles::Options options;
    options.batch_limit_is_413 = before_1_9;
    StartNamed("InternalTei", options, R"({"max_batch":500})");
    EXPECT_OK(EmbedMany(32));
    ExpectTooLarge(EmbedMany(33), Unit::kItems, 32, 33);
    EXPECT_OK(EmbedMany(1, 1'900'000));
    EXPECT_FAIL(EmbedMany(1, 2'100'000), Code::kTooLarge);
  }
}

TEST_F(ProviderLimitsTest, TeisTokensOfATextThatIsNotToBeCut) {
  StartNamed("InternalTei", {}, R"({"truncate":false})");
  EXPECT_OK(EmbedMany(1, 511 * 4));
  EXPECT_FAIL(EmbedMany(1, 512 * 4), Code::kInputTooLong);
}

}  // namespace
}  // namespace dsw
