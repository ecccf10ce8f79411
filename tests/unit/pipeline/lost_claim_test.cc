// SPDX-License-Identifier: Apache-2.0
//
// Jobs whose target is another worker's, from the start or while they run.
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "tests/unit/pipeline/job_fixture.h"

namespace dsw {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class LostClaimTest : public JobFixture {};

TEST_F(LostClaimTest, AJobWhoseTargetIsHeldWaitsWithoutAWord) {
  store_.claim_error = Error{.code = Code::kHeld, .message = "busy", .retry_after = seconds(3)};
  Handle(delivery_);
  EXPECT_THAT(delivery_.retries, ElementsAre(seconds(3)));
  EXPECT_THAT(bus_.events, IsEmpty());
  EXPECT_EQ(store_.failures, 0);
}

TEST_F(LostClaimTest, ARunnerThatLostItsClaimPaysForNothingAndSaysNothing) {
  store_.AddItem(std::vector<std::string>(12, "text"));
  store_.renew_error = Error{Code::kFenced, "taken over"};
  plugins_.embedder->fail = [&](auto) -> std::optional<Error> {
    clock_.Advance(std::chrono::hours(2));  // Longer than the lease: stopped, or asleep.
    return std::nullopt;
  };
  Handle(delivery_);
  EXPECT_THAT(plugins_.embedder->calls, SizeIs(1));
  EXPECT_THAT(plugins_.sink->points, IsEmpty());
  EXPECT_EQ(delivery_.acks, 0);
  EXPECT_THAT(delivery_.retries, IsEmpty());
  EXPECT_THAT(delivery_.dead_letters, IsEmpty());
  EXPECT_THAT(bus_.events, SizeIs(1)) << "the first event alone";
}

TEST_F(LostClaimTest, WhatFailedOnceTheClaimWasLostIsNobodysFailure) {
  store_.AddItem({"text"});
  store_.renew_error = Error{Code::kFenced, "taken over"};
  plugins_.embedder->fail = [&](auto) -> std::optional<Error> {
    clock_.Advance(std::chrono::hours(2));
    return Error{Code::kQuota, "used up"};
  };
  Handle(delivery_);
  EXPECT_EQ(store_.failures, 0);
  EXPECT_EQ(delivery_.acks, 0);
  EXPECT_THAT(delivery_.retries, IsEmpty());
  EXPECT_THAT(bus_.events, SizeIs(1)) << "the first event alone";
}

TEST_F(LostClaimTest, NothingFollowsTheEndThatAnotherWorkerTold) {
  store_.AddItem({"text"});
  store_.totals_over = true;
  Handle(delivery_);
  ASSERT_THAT(bus_.events, SizeIs(1));
  EXPECT_TRUE(bus_.events[0].final);
}

TEST_F(LostClaimTest, PointsThatWereWrittenAfterTheClaimWasLostAreDisowned) {
  store_.AddItem({"a", "b"});
  store_.record_error = Error{Code::kFenced, "taken over"};
  Handle(delivery_);
  EXPECT_EQ(store_.disowned, 2);
  EXPECT_EQ(delivery_.acks, 0);
}

}  // namespace
}  // namespace dsw
