// SPDX-License-Identifier: Apache-2.0
//
// Threads at one lane.
#include "host/lanes/lane.h"

#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "host/lanes/lanes.h"
#include "tests/support/fakes.h"
#include "tests/support/manual_clock.h"
#include "tests/support/matchers.h"

namespace dsw {
namespace {

using std::chrono::seconds;

constexpr Demand kOne{.inputs = 1, .tokens = 1};

class LaneTest : public testing::Test {
 protected:
  static Lane::Options Options() {
    return {.provider = "fake",
            .policy = {.retry_delay = seconds(1), .outage_patience = seconds(300), .max_calls = 2}};
  }
  // One success, so that there may be two calls at a time.
  LaneTest() { lane_.Leave(*Enter(), nullptr); }
  Result<Departure> Enter() { return lane_.Enter(kOne, scope_, clock_.Now()); }
  void EnterAndFail(Code code) {
    const Error error{code, "reason", Origin::kEmbedder};
    lane_.Leave(*Enter(), &error);
  }

  ManualClock clock_;
  FakeTelemetry telemetry_;
  std::stop_source drain_;
  JobScope scope_{.stops = {drain_.get_token(), {}}, .traceparent = {}};
  Lane lane_{Options(), clock_, telemetry_};
};

TEST_F(LaneTest, CallsBeyondTheConcurrencyWaitForOneToLeave) {
  const Departure first = *Enter();
  const Departure second = *Enter();
  std::atomic<int> entered = 0;
  std::thread third([&] {
    EXPECT_OK(Enter());
    ++entered;
  });
  EXPECT_EQ(entered, 0);
  lane_.Leave(first, nullptr);
  third.join();
  EXPECT_EQ(entered, 1);
  lane_.Leave(second, nullptr);
}

TEST_F(LaneTest, ManyThreadsNeverExceedTheConcurrency) {
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 200; ++k) {
        const Result<Departure> departure = Enter();
        ASSERT_OK(departure);
        const int now = ++inside;
        int seen = most;
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        --inside;
        lane_.Leave(*departure, nullptr);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most, 2);
}

TEST_F(LaneTest, WaitingEndsWithADrainWhereverACallStands) {
  (void)Enter();
  (void)Enter();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { EXPECT_FAIL(Enter(), Code::kCancelled, "shutting down"); });
  }
  drain_.request_stop();
  for (std::thread& thread : threads) thread.join();
}

TEST_F(LaneTest, WaitingEndsWithTheJobsTime) {
  Error limited{Code::kRateLimited, "429", Origin::kEmbedder};
  limited.retry_after = seconds(50);
  lane_.Leave(*Enter(), &limited);
  scope_.deadline = clock_.Now() + seconds(10);
  EXPECT_FAIL(Enter(), Code::kCancelled, "JOB_TIMEOUT");
}

TEST_F(LaneTest, ALongPauseIsLeftToTheQueue) {
  Error limited{Code::kRateLimited, "429", Origin::kEmbedder};
  limited.retry_after = seconds(600);
  lane_.Leave(*Enter(), &limited);
  const Result<Departure> departure = Enter();
  ASSERT_TRUE(FailsWith(departure, Code::kRateLimited, "fake asked for a pause"));
  EXPECT_EQ(departure.error().retry_after, seconds(600));
}

TEST_F(LaneTest, PatienceCountsFromTheOutageOrTheCallWhicheverIsLater) {
  for (int i = 0; i < CircuitBreaker::kFailures + 1; ++i) EnterAndFail(Code::kUnavailable);
  ASSERT_TRUE(lane_.paused());
  const Clock::TimePoint opened = clock_.Now();
  Result<Departure> probe = Enter();
  while (probe && clock_.Now() - opened < seconds(1000)) {
    const Error error{Code::kUnavailable, "no route", Origin::kEmbedder};
    lane_.Leave(*probe, &error);
    probe = lane_.Enter(kOne, scope_, opened);
  }
  EXPECT_FAIL(probe, Code::kUnavailable, "no route");
  EXPECT_GE(clock_.Now() - opened, seconds(300));
  EXPECT_LE(clock_.Now() - opened, seconds(305));
  // A call that came later has its own patience.
  EXPECT_OK(lane_.Enter(kOne, scope_, clock_.Now()));
}

TEST_F(LaneTest, ASuccessEndsTheWaitForTheNextProbe) {
  SystemClock clock;
  Lane lane(Options(), clock, telemetry_);
  lane.Leave(*lane.Enter(kOne, scope_, clock.Now()), nullptr);
  const Departure late = *lane.Enter(kOne, scope_, clock.Now());
  const Error down{Code::kUnavailable, "down", Origin::kEmbedder};
  for (int i = 0; i < CircuitBreaker::kFailures + 1; ++i) {
    lane.Leave(*lane.Enter(kOne, scope_, clock.Now()), &down);
  }
  ASSERT_TRUE(lane.paused());
  std::thread waiting([&] {
    const Result<Departure> departure = lane.Enter(kOne, scope_, clock.Now());
    ASSERT_OK(departure);
    EXPECT_FALSE(departure->probe);
  });
  lane.Leave(late, nullptr);
  waiting.join();
}

TEST_F(LaneTest, TheTightestLimitOfItsModelsHolds) {
  lane_.Follow("a", {.inputs_per_minute = 60});
  lane_.Follow("b", {.inputs_per_minute = 600});
  lane_.Leave(*Enter(), nullptr);
  const Clock::TimePoint first = clock_.Now();
  lane_.Leave(*Enter(), nullptr);
  EXPECT_GE(clock_.Now() - first, seconds(1));
  // A model's facts replace what it said before.
  lane_.Follow("a", {});
  const Clock::TimePoint second = clock_.Now();
  lane_.Leave(*Enter(), nullptr);
  EXPECT_LT(clock_.Now() - second, seconds(1));
}

TEST_F(LaneTest, ModelsLearnApart) {
  EXPECT_EQ(lane_.LearnedFor("a"), lane_.LearnedFor("a"));
  EXPECT_NE(lane_.LearnedFor("a"), lane_.LearnedFor("b"));
}

TEST(LanesTest, EmbeddersOfOneUpstreamShareALane) {
  const CallPolicy policy;
  ManualClock clock;
  FakeTelemetry telemetry;
  Lanes lanes(policy, policy, clock, telemetry);
  const FakeEmbedder one;
  const FakeEmbedder other;
  EXPECT_EQ(lanes.Of(one), lanes.Of(other));
}

}  // namespace
}  // namespace dsw
