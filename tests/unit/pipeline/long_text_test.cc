// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/long_text.h"

#include <gtest/gtest.h>

namespace dsw {
namespace {

const Error kTooLong{Code::kInputTooLong, ""};

TEST(LongTextTest, OnlyALimitThatSomebodyChoseIsEstimated) {
  EmbedderConfig config;
  const ModelFacts facts{.max_tokens = 8192, .bytes_per_token = 4};
  EXPECT_EQ(MostInputBytes(config, facts), 0U);
  config.max_input_tokens = 8191;
  EXPECT_EQ(MostInputBytes(config, facts), 0U);
  config.max_input_tokens = 512;
  EXPECT_EQ(MostInputBytes(config, facts), 2048U);
}

TEST(LongTextTest, StepsAreQuartersWhereNothingIsKnown) {
  EXPECT_EQ(NextInputBytes(4000, 4000, kTooLong, {}), 3000U);
}

TEST(LongTextTest, TheFirstStepSkipsWhatNoTokenizerCouldMakeFit) {
  EXPECT_EQ(NextInputBytes(1'000'000, 1'000'000, kTooLong, {.max_tokens = 512}), 3072U);
  EXPECT_EQ(NextInputBytes(3072, 1'000'000, kTooLong, {.max_tokens = 512}), 2304U);
}

TEST(LongTextTest, NumbersOfTheProviderAreFollowed) {
  Error error{Code::kInputTooLong, ""};
  error.limit = SizeLimit{SizeLimit::Unit::kTokens, 8192, 16'384};
  EXPECT_EQ(NextInputBytes(10'000, 10'000, error, {}), 4850U);
}

TEST(LongTextTest, EndsAfterAFewStepsWhenTheLengthIsNotWhatIsWrong) {
  for (const std::size_t whole : {40u, 900u, 1'000'000u}) {
    std::size_t bytes = whole;
    int steps = 0;
    while (bytes > 0) {
      bytes = NextInputBytes(bytes, whole, kTooLong, {});
      ASSERT_LE(++steps, 5) << whole;
    }
  }
}

}  // namespace
}  // namespace dsw
