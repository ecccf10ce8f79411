// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/settle.h"

#include <gtest/gtest.h>

namespace dsw {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Disposition Next(Code code, std::optional<int> failures, bool progressed = false) {
  return Decide(Error{code, "why"}, {.progressed = progressed, .failures = failures, .attempt = 9},
                PipelineOptions{});
}

milliseconds DelayOf(const Disposition& next) {
  const auto* retry = std::get_if<Retry>(&next);
  return retry == nullptr ? milliseconds(-1) : retry->delay;
}

TEST(SettleTest, WhatCannotSucceedIsGivenUpAtOnce) {
  for (const Code code : {Code::kInvalid, Code::kTooLarge, Code::kNotFound, Code::kConflict,
                          Code::kUnauthenticated}) {
    EXPECT_TRUE(std::holds_alternative<GiveUp>(Next(code, 1))) << CodeName(code);
  }
}

TEST(SettleTest, CancellationIsNoFailure) {
  EXPECT_TRUE(std::holds_alternative<HandBack>(Next(Code::kCancelled, 100)));
}

TEST(SettleTest, TheDelayGrowsWithTheFailures) {
  EXPECT_EQ(DelayOf(Next(Code::kUnavailable, 1)), seconds(30));
  EXPECT_EQ(DelayOf(Next(Code::kTimeout, 2)), seconds(120));
  EXPECT_EQ(DelayOf(Next(Code::kRateLimited, 3)), seconds(300));
  EXPECT_TRUE(std::holds_alternative<GiveUp>(Next(Code::kUnavailable, 4)));
}

TEST(SettleTest, AnInternalErrorIsTriedOnceMore) {
  EXPECT_EQ(DelayOf(Next(Code::kInternal, 1)), seconds(30));
  EXPECT_TRUE(std::holds_alternative<GiveUp>(Next(Code::kInternal, 2)));
}

TEST(SettleTest, ProgressStartsTheScheduleAnew) {
  EXPECT_EQ(DelayOf(Next(Code::kUnavailable, 4, /*progressed=*/true)), seconds(30));
}

TEST(SettleTest, UncountedFailuresAreNeverGivenUp) {
  EXPECT_EQ(DelayOf(Next(Code::kUnavailable, std::nullopt)), seconds(3600));
}

}  // namespace
}  // namespace dsw
