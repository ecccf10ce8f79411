// SPDX-License-Identifier: Apache-2.0
//
// Calls that fail, by kind of failure, in simulated time.
#include "host/lanes/lane_call.h"

#include <vector>

#include <gtest/gtest.h>

#include "tests/support/fakes.h"
#include "tests/support/manual_clock.h"
#include "tests/support/matchers.h"

namespace dsw {
namespace {

using std::chrono::seconds;

class LaneCallTest : public testing::Test {
 protected:
  using Answer = std::function<std::optional<Error>()>;

  Status Call(Lane& lane, std::uint64_t inputs, const Answer& answer,
              const Answer& probe = nullptr) {
    const auto made = [](int& count, const Answer& result) -> Status {
      ++count;
      if (std::optional<Error> error = result()) return Fail(*error);
      return {};
    };
    const std::function<Status(const Departure&)> as_probe =
        probe ? [&](const Departure&) { return made(probes_, probe); }
              : std::function<Status(const Departure&)>();
    return CallInLane<void>(
        lane, {.inputs = inputs, .tokens = inputs}, scope_, trouble_,
        [&](const Departure&, std::uint32_t) { return made(calls_, answer); }, as_probe);
  }
  static Answer Always(Code code) {
    return [code] { return Error{code, "why"}; };
  }
  static std::optional<Error> Up() { return std::nullopt; }

  ManualClock clock_;
  FakeTelemetry telemetry_;
  JobScope scope_;
  Trouble trouble_;
  int calls_ = 0;
  int probes_ = 0;
  Lane embedder_{{.provider = "fake", .policy = {.max_calls = 64}}, clock_, telemetry_};
  Lane sink_{{.provider = "sink", .policy = {}, .origin = Origin::kSink}, clock_, telemetry_};
};

TEST_F(LaneCallTest, FailuresAreOfTheLanesPeerUnlessTheyAroseHere) {
  for (Lane* lane : {&embedder_, &sink_}) {
    const Status refused = Call(*lane, 1, Always(Code::kUnauthenticated));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().origin, lane->origin());
    const Status local = Call(*lane, 1, [] {
      return Error{Code::kInvalid, "no folder", Origin::kWorker};
    });
    ASSERT_FALSE(local);
    EXPECT_EQ(local.error().origin, Origin::kWorker);
  }
}

TEST_F(LaneCallTest, WhatThePeerSaysNotToRepeatIsNotRepeated) {
  const Status done = Call(sink_, 1, [] {
    Error error{Code::kUnavailable, "go away"};
    error.repeat = false;
    return error;
  });
  EXPECT_FAIL(done, Code::kUnavailable);
  EXPECT_EQ(calls_, 1);
}

TEST_F(LaneCallTest, ATextIsBlamedOnceAProbeSucceedsWhereItFailed) {
  EXPECT_FAIL(Call(embedder_, 20, Always(Code::kUnavailable), Up), Code::kUnavailable);
  EXPECT_TRUE(trouble_.accused);
  EXPECT_EQ(calls_, 2);
  EXPECT_EQ(probes_, 1);
  EXPECT_FALSE(embedder_.paused());
}

TEST_F(LaneCallTest, ATextIsBlamedWithoutAProbeWhereAnotherCallSucceeded) {
  const Answer answer = [&]() -> std::optional<Error> {
    const Departure other = *embedder_.Enter({.inputs = 1}, scope_, clock_.Now());
    embedder_.Leave(other, nullptr);
    return Error{Code::kUnavailable, "why"};
  };
  // Two calls at a time.
  ASSERT_OK(Call(embedder_, 20, Up));
  EXPECT_FAIL(Call(embedder_, 20, answer, Up), Code::kUnavailable);
  EXPECT_TRUE(trouble_.accused);
  EXPECT_EQ(probes_, 0);
}

TEST_F(LaneCallTest, NoTextIsBlamedForAnUpstreamThatIsDown) {
  const Clock::TimePoint began = clock_.Now();
  EXPECT_FAIL(Call(embedder_, 20, Always(Code::kUnavailable), Always(Code::kUnavailable)),
              Code::kUnavailable);
  EXPECT_FALSE(trouble_.accused);
  EXPECT_TRUE(embedder_.paused());
  EXPECT_EQ(calls_, 2);
  EXPECT_GE(clock_.Now() - began, seconds(300));
  EXPECT_LE(clock_.Now() - began, seconds(310));
}

TEST_F(LaneCallTest, NoTextIsBlamedForOverloadOrWhenThePeerAsksForAPause) {
  const Clock::TimePoint up = clock_.Now() + seconds(100);
  for (const bool asks : {false, true}) {
    const Answer answer = [&]() -> std::optional<Error> {
      if (clock_.Now() >= up) return std::nullopt;
      Error error{asks ? Code::kUnavailable : Code::kOverloaded, "busy"};
      if (asks) error.retry_after = seconds(1);
      return error;
    };
    EXPECT_OK(Call(embedder_, 20, answer, answer));
    EXPECT_FALSE(trouble_.accused);
  }
}

TEST_F(LaneCallTest, AnUpstreamThatIsMerelySlowIsNotDown) {
  int slow = 3;
  const Answer answer = [&]() -> std::optional<Error> {
    clock_.Advance(seconds(60));
    if (slow-- > 0) return Error{Code::kTimeout, "no answer within 60 s"};
    return std::nullopt;
  };
  // Whoever can makes the call smaller.
  for (int i = 0; i < 3; ++i) EXPECT_FAIL(Call(embedder_, 100, answer, Up), Code::kTimeout);
  EXPECT_OK(Call(embedder_, 10, answer, Up));
  EXPECT_EQ(calls_, 4);
  EXPECT_EQ(probes_, 1);
  EXPECT_TRUE(telemetry_.circuits.empty());
}

TEST_F(LaneCallTest, ASinkThatIsDownIsWaitedForAndProbedWithTheCallItself) {
  const Clock::TimePoint up = clock_.Now() + seconds(120);
  const Status stored = Call(sink_, 100, [&]() -> std::optional<Error> {
    if (clock_.Now() >= up) return std::nullopt;
    return Error{Code::kUnavailable, "connection refused"};
  });
  EXPECT_OK(stored);
  EXPECT_LE(clock_.Now() - up, seconds(5));
  EXPECT_LE(calls_, 40);
  EXPECT_FALSE(sink_.paused());
  // What is told about embedders says nothing about sinks.
  EXPECT_TRUE(telemetry_.circuits.empty());
}

TEST_F(LaneCallTest, ASinkThatIsDownIsWaitedForHoweverFewTheRetries) {
  for (const int retries : {0, 1, 2, 3}) {
    Lane sink({.provider = "sink", .policy = {.retries = retries}, .origin = Origin::kSink}, clock_,
              telemetry_);
    const Clock::TimePoint up = clock_.Now() + seconds(60);
    EXPECT_OK(Call(sink, 100, [&]() -> std::optional<Error> {
      if (clock_.Now() >= up) return std::nullopt;
      return Error{Code::kUnavailable, "connection refused"};
    })) << retries;
  }
}

TEST_F(LaneCallTest, PatienceWithASinkEndsWithTheReason) {
  const Clock::TimePoint began = clock_.Now();
  EXPECT_FAIL(Call(sink_, 100, Always(Code::kUnavailable)), Code::kUnavailable, "why");
  EXPECT_TRUE(sink_.paused());
  EXPECT_GE(clock_.Now() - began, seconds(300));
  EXPECT_LE(clock_.Now() - began, seconds(310));
}

}  // namespace
}  // namespace dsw
