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

class LostClaimTest : public JobFixture {
 protected:
  /// The process is stopped for longer than the lease, and another takes over.
  void LoseTheClaim() {
    clock_.Advance(std::chrono::hours(2));
    store_.renew_error = Error{Code::kFenced, "taken over"};
  }
};

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
  EXPECT_THAT(store_.disowned, ElementsAre(1));
  EXPECT_EQ(delivery_.acks, 0);
}

TEST_F(LostClaimTest, SoArePointsOfABatchThatWasHalfWrittenThen) {
  options_.upload_batch_size = 1;
  store_.AddItem({"a", "b"});
  plugins_.sink->on_upsert = [&] { LoseTheClaim(); };
  Handle(delivery_);
  EXPECT_THAT(plugins_.sink->upserts, SizeIs(1));
  EXPECT_THAT(store_.disowned, ElementsAre(1));
  EXPECT_EQ(delivery_.acks, 0);
}

TEST_F(LostClaimTest, SoAreThoseOfAWriteThatMayHaveArrived) {
  store_.AddItem({"a"});
  store_.AddItem({"b"});
  plugins_.sink->upsert_error = Error{Code::kTimeout, "no answer within 60 s"};
  plugins_.sink->on_upsert = [&] { LoseTheClaim(); };
  Handle(delivery_);
  EXPECT_THAT(store_.disowned, ElementsAre(1, 2));
}

TEST_F(LostClaimTest, SoAreThoseOfAWriteThatFailedForGood) {
  store_.AddItem({"a"});
  plugins_.sink->upsert_error = Error{Code::kInvalid, "not one of these"};
  plugins_.sink->on_upsert = [&] { LoseTheClaim(); };
  Handle(delivery_);
  EXPECT_THAT(store_.disowned, ElementsAre(1));
  EXPECT_EQ(store_.failures, 0);
}

TEST_F(LostClaimTest, SoAreItemsWhosePointsWereRemovedThen) {
  store_.stale = {{.item_id = 4, .keep = 1, .stored = 3}, {.item_id = 5, .keep = 0, .stored = 1}};
  plugins_.sink->on_remove = [&] { LoseTheClaim(); };
  plugins_.sink->remove_error = Error{Code::kTimeout, "no answer within 60 s"};
  Handle(delivery_);
  EXPECT_THAT(store_.disowned, ElementsAre(4, 5));
  EXPECT_EQ(store_.removals, 0);
}

TEST_F(LostClaimTest, NothingIsDisownedThatWasNeverSent) {
  store_.AddItem({"a"});
  plugins_.embedder->fail = [&](auto) -> std::optional<Error> {
    LoseTheClaim();
    return std::nullopt;
  };
  Handle(delivery_);
  EXPECT_THAT(plugins_.sink->upserts, IsEmpty());
  EXPECT_THAT(store_.disowned, IsEmpty());
}

}  // namespace
}  // namespace dsw
