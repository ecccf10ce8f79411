// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/settle.h"

#include <gtest/gtest.h>

namespace dsw {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Error From(Origin origin, Code code) {
  return {.code = code, .message = "why", .origin = origin};
}

Disposition Next(const Error& error, std::optional<int> failures, bool progressed = false,
                 milliseconds since_first = milliseconds(0)) {
  FailureHistory history{.progressed = progressed, .count = std::nullopt, .attempt = 9};
  if (failures) {
    history.count =
        FailureCount{.failures = *failures, .since_first = since_first, .last = std::nullopt};
  }
  return Decide(error, history, PipelineOptions{});
}

milliseconds DelayOf(const Disposition& next) {
  const auto* retry = std::get_if<Retry>(&next);
  return retry == nullptr ? milliseconds(-1) : retry->delay;
}

TEST(SettleTest, WhatCannotSucceedIsGivenUpAtOnce) {
  for (const Code code :
       {Code::kInvalid, Code::kNotFound, Code::kConflict, Code::kUnauthenticated}) {
    EXPECT_TRUE(std::holds_alternative<GiveUp>(Next(From(Origin::kJob, code), 1)))
        << CodeName(code);
    EXPECT_TRUE(std::holds_alternative<GiveUp>(Next(From(Origin::kEmbedder, code), 1)))
        << CodeName(code);
  }
}

TEST(SettleTest, NeitherTheSinkNorTheDatabaseNorThisWorkerCostsAJobAnything) {
  for (const Code code : {Code::kUnauthenticated, Code::kUnavailable, Code::kTimeout}) {
    for (const Origin origin : {Origin::kSink, Origin::kDatabase}) {
      EXPECT_TRUE(std::holds_alternative<HandBack>(Next(From(origin, code), 100)))
          << CodeName(code);
    }
  }
  EXPECT_TRUE(std::holds_alternative<HandBack>(Next(From(Origin::kSink, Code::kQuota), 100)));
  EXPECT_TRUE(
      std::holds_alternative<HandBack>(Next(From(Origin::kQueue, Code::kUnavailable), 100)));
  EXPECT_TRUE(std::holds_alternative<HandBack>(Next(From(Origin::kWorker, Code::kInvalid), 100)));
}

TEST(SettleTest, CancellationIsNoFailure) {
  EXPECT_TRUE(std::holds_alternative<HandBack>(Next(From(Origin::kJob, Code::kCancelled), 100)));
}

TEST(SettleTest, AJobThatWaitsForAnotherComesBackSoon) {
  Error held = From(Origin::kJob, Code::kHeld);
  held.retry_after = std::chrono::minutes(1);
  const Disposition next = Next(held, 100);
  ASSERT_TRUE(std::holds_alternative<HandBack>(next));
  EXPECT_LE(std::get<HandBack>(next).delay, seconds(5));
}

TEST(SettleTest, AJobThatIsAnothersIsLeftAlone) {
  EXPECT_TRUE(std::holds_alternative<Abandon>(Next(From(Origin::kDatabase, Code::kFenced), 1)));
}

TEST(SettleTest, AJobThatNobodyWantsIsWithdrawn) {
  EXPECT_TRUE(std::holds_alternative<Withdraw>(Next(From(Origin::kJob, Code::kWithdrawn), 1)));
}

TEST(SettleTest, AMissingProviderIsLeftToOthersForAWhile) {
  const Error missing = From(Origin::kWorker, Code::kNotFound);
  EXPECT_TRUE(std::holds_alternative<HandBack>(Next(missing, 0, false, std::chrono::minutes(59))));
  EXPECT_TRUE(std::holds_alternative<GiveUp>(Next(missing, 0, false, std::chrono::hours(1))));
}

TEST(SettleTest, TheDelayGrowsWithTheFailures) {
  EXPECT_EQ(DelayOf(Next(From(Origin::kEmbedder, Code::kUnavailable), 1)), seconds(30));
  EXPECT_EQ(DelayOf(Next(From(Origin::kEmbedder, Code::kTimeout), 2)), seconds(120));
  EXPECT_EQ(DelayOf(Next(From(Origin::kEmbedder, Code::kRateLimited), 3)), seconds(300));
  EXPECT_TRUE(std::holds_alternative<GiveUp>(Next(From(Origin::kEmbedder, Code::kUnavailable), 4)));
}

TEST(SettleTest, AMisbehavingPluginIsTriedOnceMore) {
  EXPECT_EQ(DelayOf(Next(From(Origin::kEmbedder, Code::kInternal), 1)), seconds(30));
  EXPECT_TRUE(std::holds_alternative<GiveUp>(Next(From(Origin::kEmbedder, Code::kInternal), 2)));
}

TEST(SettleTest, DeathsAndExceptionsFollowTheSchedule) {
  EXPECT_EQ(DelayOf(Next(From(Origin::kWorker, Code::kInternal), 3)), seconds(300));
  EXPECT_TRUE(std::holds_alternative<GiveUp>(Next(From(Origin::kWorker, Code::kInternal), 4)));
}

TEST(SettleTest, ProgressStartsTheScheduleAnew) {
  EXPECT_EQ(DelayOf(Next(From(Origin::kEmbedder, Code::kUnavailable), 4, /*progressed=*/true)),
            seconds(30));
}

TEST(SettleTest, UncountedFailuresAreNeverGivenUp) {
  EXPECT_EQ(DelayOf(Next(From(Origin::kEmbedder, Code::kUnavailable), std::nullopt)),
            seconds(3600));
}

}  // namespace
}  // namespace dsw
