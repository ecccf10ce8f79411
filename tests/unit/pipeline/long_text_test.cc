// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/long_text.h"

#include <gtest/gtest.h>

namespace dsw {
namespace {

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
  EXPECT_EQ(NextInputBytes(4000, Error{Code::kInputTooLong, ""}, {}), 3000U);
}

TEST(LongTextTest, TheFirstStepSkipsWhatNoTokenizerCouldMakeFit) {
  EXPECT_EQ(NextInputBytes(1'000'000, Error{Code::kInputTooLong, ""}, {.max_tokens = 512}), 3072U);
  EXPECT_EQ(NextInputBytes(3072, Error{Code::kInputTooLong, ""}, {.max_tokens = 512}), 2304U);
}

TEST(LongTextTest, NumbersOfTheProviderAreFollowed) {
  Error error{Code::kInputTooLong, ""};
  error.limit = SizeLimit{SizeLimit::Unit::kTokens, 8192, 16'384};
  EXPECT_EQ(NextInputBytes(10'000, error, {}), 4850U);
}

TEST(LongTextTest, EndsAtNothing) {
  std::size_t bytes = 1'000'000;
  int steps = 0;
  while (bytes > 0) {
    bytes = NextInputBytes(bytes, Error{Code::kInputTooLong, ""}, {});
    ASSERT_LT(++steps, 50);
  }
}

}  // namespace
}  // namespace dsw
