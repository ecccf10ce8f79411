// SPDX-License-Identifier: Apache-2.0
//
// Many calls through one governor, in simulated time.
#include "host/lanes/governor.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

namespace dsw {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using TimePoint = Clock::TimePoint;

constexpr TimePoint kStart{std::chrono::hours(1)};
constexpr double kMiddle = 0.5;

/// So many callers, each calling again as soon as its attempt ended.
class Simulation {
 public:
  struct Answer {
    Clock::TimePoint::duration takes;
    std::optional<Error> error{};
  };
  struct Call {
    TimePoint at;
    bool succeeded;
  };
  using Upstream = std::function<Answer(TimePoint departed, const Departure& departure)>;

  Simulation(Governor& governor, int callers, Demand demand)
      : governor_(governor), demand_(demand), idle_(callers) {}

  void RunUntil(TimePoint end, const Upstream& upstream) {
    while (true) {
      const Governor::Verdict verdict = governor_.Ask(demand_, now_);
      if (idle_ > 0 && !verdict.held) {
        const Departure departure = governor_.Depart(demand_, now_);
        const Answer answer = upstream(now_, departure);
        under_way_.push_back({now_ + answer.takes, departure, answer.error});
        calls_.push_back({now_, !answer.error});
        --idle_;
        continue;
      }
      auto next = std::min_element(under_way_.begin(), under_way_.end(),
                                   [](const auto& a, const auto& b) { return a.ends < b.ends; });
      const TimePoint departs = idle_ > 0 ? verdict.until : TimePoint::max();
      const TimePoint returns = next == under_way_.end() ? TimePoint::max() : next->ends;
      now_ = std::max(now_, std::min(departs, returns));
      if (now_ >= end) return;
      if (returns > departs) continue;
      governor_.Return(next->departure, next->error ? &*next->error : nullptr, now_, kMiddle);
      under_way_.erase(next);
      ++idle_;
    }
  }

  const std::vector<Call>& calls() const { return calls_; }
  std::size_t Succeeded(TimePoint from, TimePoint to) const {
    return static_cast<std::size_t>(std::count_if(
        calls_.begin(), calls_.end(),
        [&](const Call& call) { return call.succeeded && call.at >= from && call.at < to; }));
  }
  std::size_t MostInAWindow(Clock::TimePoint::duration window) const {
    std::size_t most = 0;
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      std::size_t last = i;
      while (last < calls_.size() && calls_[last].at <= calls_[i].at + window) ++last;
      most = std::max(most, last - i);
    }
    return most;
  }

 private:
  struct UnderWay {
    TimePoint ends;
    Departure departure;
    std::optional<Error> error;
  };
  Governor& governor_;
  const Demand demand_;
  int idle_;
  TimePoint now_ = kStart;
  std::vector<UnderWay> under_way_;
  std::vector<Call> calls_;
};

Governor::Options Remote(int requests_per_second) {
  return {.requests_per_second = requests_per_second,
          .max_calls = 64,
          .timeout = seconds(60),
          .backoff = seconds(1),
          .remote = true};
}

TEST(GovernorTest, NoSecondSeesMoreRequestsThanAllowedAndFewAreLost) {
  for (const int limit : {1, 2, 3, 10, 25, 100}) {
    Governor governor(Remote(limit));
    Simulation simulation(governor, 16, {.inputs = 100, .tokens = 1});
    simulation.RunUntil(kStart + minutes(1),
                        [](auto, const auto&) { return Simulation::Answer{milliseconds(80)}; });
    const auto most = static_cast<std::size_t>(limit);
    EXPECT_LE(simulation.MostInAWindow(seconds(1)), most) << limit;
    EXPECT_GE(simulation.calls().size(), most * 60 * 9 / 10) << limit;
  }
}

TEST(GovernorTest, TenMinutesOfInputsTakeWhatTheLimitDictates) {
  Governor governor(Remote(10));
  governor.Follow({.inputs_per_minute = 2000});
  Simulation simulation(governor, 8, {.inputs = 95, .tokens = 1});
  // The upstream's own window refuses what is beyond its limit.
  std::deque<TimePoint> window;
  int refused = 0;
  simulation.RunUntil(kStart + minutes(10), [&](TimePoint at, const auto&) {
    while (!window.empty() && window.front() + seconds(60) <= at) window.pop_front();
    if ((window.size() + 1) * 95 > 2000) {
      ++refused;
      return Simulation::Answer{milliseconds(40), Error{Code::kRateLimited, "", Origin::kEmbedder}};
    }
    window.push_back(at);
    return Simulation::Answer{milliseconds(130)};
  });
  EXPECT_EQ(refused, 0);
  EXPECT_GE(simulation.Succeeded(kStart, kStart + minutes(10)) * 95, 19'000U);
  EXPECT_LE(simulation.Succeeded(kStart + minutes(1), kStart + minutes(2)) * 95, 2000U);
}

TEST(GovernorTest, AnOutageIsProbedAndThroughputIsBackWithinSeconds) {
  for (const Code code : {Code::kUnavailable, Code::kOverloaded, Code::kTimeout}) {
    Governor governor(Remote(10));
    Simulation simulation(governor, 8, {.inputs = 100, .tokens = 1});
    const TimePoint down = kStart + minutes(1);
    const TimePoint up = down + minutes(2);
    simulation.RunUntil(up + minutes(1), [&](TimePoint at, const auto&) {
      if (at < down || at >= up) return Simulation::Answer{milliseconds(300)};
      return Simulation::Answer{
          code == Code::kTimeout ? Clock::TimePoint::duration(seconds(60)) : milliseconds(5),
          Error{code, "down", Origin::kEmbedder}};
    });
    const std::size_t before = simulation.Succeeded(down - seconds(10), down);
    const std::size_t after = simulation.Succeeded(up + seconds(10), up + seconds(20));
    EXPECT_GE(after, before * 9 / 10) << CodeName(code);
    EXPECT_GE(simulation.Succeeded(up, up + seconds(10)), before / 4) << CodeName(code);
    std::size_t attempts = 0;
    for (const Simulation::Call& call : simulation.calls()) attempts += call.succeeded ? 0 : 1;
    EXPECT_LE(attempts, 45U) << CodeName(code);
  }
}

TEST(GovernorTest, AProbeTakesOneInputOfThePace) {
  Governor governor(Remote(0));
  governor.Follow({.inputs_per_minute = 60});
  const Demand demand{.inputs = 50, .tokens = 1};
  governor.Return(governor.Depart(demand, kStart), nullptr, kStart, kMiddle);
  governor.Suspect(kStart);
  // A call of fifty would have to wait for most of a minute.
  const TimePoint probe = governor.Ask(demand, kStart + seconds(51)).until;
  EXPECT_LE(probe, kStart + seconds(51));
  EXPECT_TRUE(governor.Depart(demand, kStart + seconds(51)).probe);
  governor.Suspect(kStart);
}

TEST(GovernorTest, FailuresOfWhatIsSuspectSayNothingAboutTheUpstream) {
  Governor governor(Remote(0));
  const Demand demand{.inputs = 1, .tokens = 1, .suspect = true};
  const Error down{Code::kUnavailable, "down", Origin::kEmbedder};
  for (int i = 0; i < 10; ++i) {
    governor.Return(governor.Depart(demand, kStart), &down, kStart, kMiddle);
  }
  EXPECT_TRUE(governor.circuit().closed());
}

TEST(GovernorTest, AskingForFactsNeitherWaitsForTheCircuitNorClosesIt) {
  Governor governor(Remote(0));
  const Error down{Code::kUnavailable, "down", Origin::kEmbedder};
  for (int i = 0; i < CircuitBreaker::kFailures; ++i) {
    governor.Return(governor.Depart({.inputs = 1, .tokens = 1}, kStart), &down, kStart, kMiddle);
  }
  governor.Return(governor.Depart({.inputs = 1, .tokens = 1}, kStart), &down, kStart, kMiddle);
  ASSERT_TRUE(governor.circuit().open());
  EXPECT_FALSE(governor.Ask({}, kStart).held);
  governor.Return(governor.Depart({}, kStart), nullptr, kStart, kMiddle);
  EXPECT_TRUE(governor.circuit().open());
}

TEST(GovernorTest, ARefusalOfTheInputSaysThatTheUpstreamIsUp) {
  Governor governor(Remote(0));
  const Demand demand{.inputs = 1, .tokens = 1};
  const Error down{Code::kUnavailable, "down", Origin::kEmbedder};
  const Error invalid{Code::kInvalid, "no", Origin::kEmbedder};
  for (int i = 0; i < 10; ++i) {
    const TimePoint at = kStart + seconds(i);
    governor.Return(governor.Depart(demand, at), i % 2 == 0 ? &down : &invalid, at, kMiddle);
  }
  EXPECT_TRUE(governor.circuit().closed());
}

TEST(GovernorTest, EveryoneWaitsAsLongAsTheUpstreamAsked) {
  Governor governor(Remote(0));
  const Demand demand{.inputs = 1, .tokens = 1};
  Error limited{Code::kRateLimited, "slow down", Origin::kEmbedder};
  limited.retry_after = seconds(20);
  governor.Return(governor.Depart(demand, kStart), &limited, kStart, kMiddle);
  const Governor::Verdict verdict = governor.Ask(demand, kStart);
  EXPECT_EQ(verdict.held, WaitReason::kCoolDown);
  EXPECT_EQ(verdict.until, kStart + seconds(20));
  EXPECT_FALSE(governor.Ask(demand, kStart + seconds(20)).held);
}

TEST(GovernorTest, PausesGrowWithEveryRateLimitUpToAMinute) {
  Governor governor(Remote(0));
  const Demand demand{.inputs = 1, .tokens = 1};
  const Error limited{Code::kRateLimited, "slow down", Origin::kEmbedder};
  TimePoint now = kStart;
  std::vector<TimePoint::duration> pauses;
  for (int i = 0; i < 8; ++i) {
    governor.Return(governor.Depart(demand, now), &limited, now, kMiddle);
    pauses.push_back(governor.cool_until() - now);
    now = governor.cool_until();
  }
  EXPECT_EQ(pauses[0], seconds(1));
  EXPECT_EQ(pauses[1], seconds(2));
  EXPECT_EQ(pauses[4], seconds(16));
  EXPECT_EQ(pauses[7], seconds(60));
}

TEST(GovernorTest, CallsThatWereUnderWayTogetherLengthenThePauseOnce) {
  Governor governor(Remote(0));
  const Demand demand{.inputs = 1, .tokens = 1};
  const Error limited{Code::kRateLimited, "slow down", Origin::kEmbedder};
  std::vector<Departure> departures;
  for (int i = 0; i < 4; ++i) departures.push_back(governor.Depart(demand, kStart));
  for (const Departure& departure : departures) {
    governor.Return(departure, &limited, kStart + milliseconds(10), kMiddle);
  }
  EXPECT_EQ(governor.cool_until(), kStart + milliseconds(1010));
}

TEST(GovernorTest, AnUnknownLimitIsFoundWithFewRefusals) {
  Governor governor(Remote(10));
  Simulation simulation(governor, 4, {.inputs = 100, .tokens = 1});
  // A bucket of 2000 inputs, refilled within a minute, of which nobody told.
  double level = 2000;
  TimePoint last = kStart;
  std::size_t refused = 0;
  simulation.RunUntil(kStart + minutes(10), [&](TimePoint at, const auto&) {
    level = std::min(2000.0, level + std::chrono::duration<double>(at - last).count() * 2000 / 60);
    last = at;
    if (level < 100) {
      ++refused;
      return Simulation::Answer{milliseconds(40), Error{Code::kRateLimited, "", Origin::kEmbedder}};
    }
    level -= 100;
    return Simulation::Answer{milliseconds(130)};
  });
  EXPECT_GE(simulation.Succeeded(kStart, kStart + minutes(10)), 150U);
  EXPECT_LE(refused, 100U);
}

TEST(GovernorTest, NeverMoreCallsAtATimeThanTheModelAllows) {
  Governor governor(Remote(0));
  governor.Follow({.max_concurrency = 2});
  const Demand demand{.inputs = 1, .tokens = 1};
  const Departure first = governor.Depart(demand, kStart);
  governor.Depart(demand, kStart);
  EXPECT_EQ(governor.Ask(demand, kStart).held, WaitReason::kConcurrency);
  governor.Return(first, nullptr, kStart, kMiddle);
  EXPECT_FALSE(governor.Ask(demand, kStart).held);
}

TEST(GovernorTest, OverloadMeansFewerCallsAtATime) {
  Governor governor(Remote(0));
  const Demand demand{.inputs = 1, .tokens = 1};
  while (governor.concurrency_limit() < 16) {
    std::vector<Departure> departures;
    while (!governor.Ask(demand, kStart).held)
      departures.push_back(governor.Depart(demand, kStart));
    for (const Departure& departure : departures) {
      governor.Return(departure, nullptr, kStart + milliseconds(1), kMiddle);
    }
  }
  const int before = governor.concurrency_limit();
  const Error overloaded{Code::kOverloaded, "busy", Origin::kEmbedder};
  governor.Return(governor.Depart(demand, kStart), &overloaded, kStart, kMiddle);
  EXPECT_EQ(governor.concurrency_limit(), before / 2);
  EXPECT_FALSE(governor.Ask(demand, kStart).held);
}

TEST(GovernorTest, WhatRunsInTheProcessIsNeverHeldBack) {
  Governor governor(
      {.requests_per_second = 0, .max_calls = 0, .timeout = {}, .backoff = {}, .remote = false});
  governor.Follow({});
  const Demand demand{.inputs = 100, .tokens = 10'000};
  const Error down{Code::kUnavailable, "down", Origin::kEmbedder};
  for (int i = 0; i < 1000; ++i) {
    EXPECT_FALSE(governor.Ask(demand, kStart).held);
    const Departure departure = governor.Depart(demand, kStart);
    if (i % 2 == 0) governor.Return(departure, &down, kStart, kMiddle);
  }
}

}  // namespace
}  // namespace dsw
