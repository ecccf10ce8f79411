// SPDX-License-Identifier: Apache-2.0
#include "host/lanes/learned_limits.h"

#include <gtest/gtest.h>

namespace dsw {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

using Unit = SizeLimit::Unit;

Error TooLarge(Unit unit, std::int64_t allowed, std::int64_t asked) {
  Error error{Code::kTooLarge, "too large"};
  error.limit = SizeLimit{unit, allowed, asked};
  return error;
}

/// How many texts of `bytes` fit.
std::size_t Fit(const BatchLimits& limits, std::size_t bytes) {
  BatchMeter meter(limits);
  while (meter.Add(bytes)) {
  }
  return meter.chunks();
}

TEST(BatchMeterTest, KeepsToEveryLimit) {
  EXPECT_EQ(Fit({.chunks = 96}, 10), 96U);
  EXPECT_EQ(Fit({.chunks = 96, .bytes = 100}, 10), 10U);
  EXPECT_EQ(Fit({.chunks = 96, .bytes = 99}, 10), 9U);
  EXPECT_EQ(Fit({.chunks = 2048, .bytes = 0, .tokens = 300'000, .bytes_per_token = 4}, 1200),
            1000U);
  EXPECT_EQ(Fit({.chunks = 2048, .bytes = 0, .tokens = 299'999, .bytes_per_token = 4}, 1200), 999U);
}

TEST(BatchMeterTest, TheFirstTextAlwaysFits) {
  EXPECT_EQ(Fit({.chunks = 96, .bytes = 5, .tokens = 1}, 1000), 1U);
}

TEST(LearnedLimitsTest, KnowNothingAtFirst) {
  const BatchLimits limits = LearnedLimits().Tighten({.chunks = 7, .bytes = 8, .tokens = 9});
  EXPECT_EQ(limits.chunks, 7U);
  EXPECT_EQ(limits.bytes, 8U);
  EXPECT_EQ(limits.tokens, 9U);
}

TEST(LearnedLimitsTest, RememberTheSmallestThatWasNamed) {
  LearnedLimits learned;
  learned.Refused(TooLarge(Unit::kItems, 32, 100), 100, 1000);
  learned.Refused(TooLarge(Unit::kItems, 64, 100), 100, 1000);
  EXPECT_EQ(learned.Tighten({.chunks = 100}).chunks, 32U);
  EXPECT_EQ(learned.Tighten({.chunks = 10}).chunks, 10U);
}

TEST(LearnedLimitsTest, CountTokensAsTheRefusalDid) {
  LearnedLimits learned;
  // 4000 bytes were estimated at 1000 tokens, but the upstream counted 2000.
  learned.Refused(TooLarge(Unit::kTokens, 1500, 2000), 10, 4000);
  EXPECT_EQ(Fit(learned.Tighten({.chunks = 100}), 400), 7U);
}

TEST(LearnedLimitsTest, TakeTheWholeBodyIntoAccountForBytes) {
  LearnedLimits learned;
  learned.Refused(TooLarge(Unit::kBytes, 2000, 4400), 10, 4000);
  EXPECT_EQ(Fit(learned.Tighten({.chunks = 100}), 400), 4U);
}

TEST(LearnedLimitsTest, ApproachALimitThatWasNotNamed) {
  LearnedLimits learned;
  int refusals = 0;
  // The upstream takes 1000 bytes and says no more than that.
  while (Fit(learned.Tighten({.chunks = 100}), 100) > 10) {
    const std::size_t chunks = Fit(learned.Tighten({.chunks = 100}), 100);
    learned.Refused(Error{Code::kTooLarge, ""}, chunks, chunks * 100);
    ASSERT_LT(++refusals, 10);
  }
  EXPECT_GE(Fit(learned.Tighten({.chunks = 100}), 100), 7U);
}

TEST(LearnedLimitsTest, EstimatesFollowTheBillButNeverBecomeLessSafe) {
  LearnedLimits dense;
  dense.Used(2000, 1000);
  EXPECT_EQ(dense.LikelyTokens(800, 4), 400U);
  EXPECT_DOUBLE_EQ(dense.Tighten({.bytes_per_token = 4}).bytes_per_token, 2.0);

  LearnedLimits sparse;
  sparse.Used(6000, 1000);
  EXPECT_EQ(sparse.LikelyTokens(600, 4), 100U);
  EXPECT_DOUBLE_EQ(sparse.Tighten({.bytes_per_token = 4}).bytes_per_token, 4.0);
}

TEST(LearnedLimitsTest, AShortTextHardlyChangesTheEstimate) {
  LearnedLimits learned;
  learned.Used(40'000, 10'000);
  learned.Used(2, 4);
  EXPECT_NEAR(learned.Tighten({.bytes_per_token = 4}).bytes_per_token, 4.0, 0.01);
}

TEST(LearnedLimitsTest, ACallThatTimedOutIsHalved) {
  LearnedLimits learned;
  learned.TimedOut(1000);
  EXPECT_EQ(learned.Tighten({.chunks = 100}).bytes, 500U);
  learned.TimedOut(500);
  EXPECT_EQ(learned.Tighten({.chunks = 100}).bytes, 250U);
  for (int i = 0; i < 20; ++i) learned.TimedOut(1000);
  EXPECT_EQ(learned.Tighten({.chunks = 100}).bytes, 1U);
}

TEST(LearnedLimitsTest, WhatTakesMoreThanHalfOfTheTimeIsTooMuch) {
  LearnedLimits learned;
  learned.Took(1000, seconds(29), seconds(60));
  EXPECT_EQ(learned.Tighten({.chunks = 100}).bytes, 0U);
  learned.Took(1000, seconds(50), seconds(60));
  EXPECT_EQ(learned.Tighten({.chunks = 100}).bytes, 600U);
}

TEST(LearnedLimitsTest, MoreIsTriedInStepsOnceItWouldFit) {
  LearnedLimits learned;
  learned.TimedOut(2000);
  const auto bytes = [&] { return learned.Tighten({.chunks = 100}).bytes; };
  // 50 bytes a second: 1500 in half of the time.
  int calls = 0;
  while (bytes() < 1500 && calls < 100) {
    learned.Took(bytes(), milliseconds(20 * bytes()), seconds(60));
    ++calls;
  }
  EXPECT_EQ(bytes(), 1500U);
  EXPECT_GE(calls, 3);
  EXPECT_LE(calls, 8);
}

TEST(LearnedLimitsTest, WhereOneTextHungTheSizeIsBackAfterAFewCalls) {
  LearnedLimits learned;
  for (std::uint64_t bytes = 10'000; bytes > 100; bytes /= 2) learned.TimedOut(bytes);
  const auto bytes = [&] { return learned.Tighten({.chunks = 100}).bytes; };
  int calls = 0;
  for (; bytes() < 10'000; ++calls) learned.Took(bytes(), milliseconds(100), seconds(60));
  EXPECT_LE(calls, 4);
}

}  // namespace
}  // namespace dsw
