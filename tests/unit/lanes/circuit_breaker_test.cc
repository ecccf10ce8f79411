// SPDX-License-Identifier: Apache-2.0
#include "host/lanes/circuit_breaker.h"

#include <gtest/gtest.h>

namespace dsw {
namespace {

using std::chrono::seconds;

constexpr Clock::TimePoint kStart{std::chrono::hours(1)};

class CircuitBreakerTest : public testing::Test {
 protected:
  void FailAt(Clock::TimePoint time) { breaker_.Failed(time, time); }
  void FailProbe(Clock::TimePoint time, bool slow = false) {
    breaker_.ProbeDeparts(time);
    breaker_.ProbeFailed(time, time, slow);
  }
  void Fail() {
    for (int i = 0; i < CircuitBreaker::kFailures; ++i) FailAt(kStart);
  }
  CircuitBreaker breaker_;
};

TEST_F(CircuitBreakerTest, FailuresInARowAskForAProbeAtOnce) {
  FailAt(kStart);
  FailAt(kStart);
  EXPECT_TRUE(breaker_.closed());
  FailAt(kStart);
  EXPECT_FALSE(breaker_.closed());
  EXPECT_FALSE(breaker_.open());
  EXPECT_EQ(breaker_.next_probe(), kStart);
}

TEST_F(CircuitBreakerTest, OnlyAProbeThatFailsOpensIt) {
  Fail();
  for (int i = 0; i < 10; ++i) FailAt(kStart + seconds(1));
  EXPECT_FALSE(breaker_.open());
  FailProbe(kStart + seconds(1));
  EXPECT_TRUE(breaker_.open());
  EXPECT_EQ(breaker_.opened_at(), kStart + seconds(1));
  EXPECT_EQ(breaker_.next_probe(), kStart + seconds(2));
}

TEST_F(CircuitBreakerTest, AProbeThatSucceedsClosesItAgain) {
  Fail();
  breaker_.ProbeDeparts(kStart);
  breaker_.Succeeded(kStart);
  EXPECT_TRUE(breaker_.closed());
  FailAt(kStart + seconds(1));
  FailAt(kStart + seconds(1));
  EXPECT_TRUE(breaker_.closed());
}

TEST_F(CircuitBreakerTest, ProbesThatAreMerelySlowOpenItAfterSeveral) {
  Fail();
  FailProbe(kStart, /*slow=*/true);
  FailProbe(kStart, /*slow=*/true);
  EXPECT_FALSE(breaker_.open());
  FailProbe(kStart, /*slow=*/true);
  EXPECT_TRUE(breaker_.open());
}

TEST_F(CircuitBreakerTest, AProbeThatToldNothingEndsTheSuspicionButNoOutage) {
  breaker_.Suspect(kStart);
  breaker_.Dismiss();
  EXPECT_TRUE(breaker_.closed());
  Fail();
  FailProbe(kStart);
  breaker_.Dismiss();
  EXPECT_TRUE(breaker_.open());
}

TEST_F(CircuitBreakerTest, ASuccessInBetweenKeepsItClosed) {
  for (int i = 0; i < 10; ++i) {
    FailAt(kStart + seconds(i));
    FailAt(kStart + seconds(i));
    breaker_.Succeeded(kStart + seconds(i));
  }
  EXPECT_TRUE(breaker_.closed());
}

TEST_F(CircuitBreakerTest, ProbesDepartEveryFewSecondsUntilOneSucceeds) {
  Fail();
  FailProbe(kStart);
  Clock::TimePoint last = kStart;
  for (int i = 0; i < 10; ++i) {
    const Clock::TimePoint probe = breaker_.next_probe();
    EXPECT_GT(probe, last);
    EXPECT_LE(probe - last, seconds(5));
    FailProbe(probe);
    EXPECT_TRUE(breaker_.open());
    last = probe;
  }
  EXPECT_EQ(breaker_.opened_at(), kStart);
  breaker_.Succeeded(last);
  EXPECT_TRUE(breaker_.closed());
}

TEST_F(CircuitBreakerTest, LateNewsFromBeforeTheLastSuccessDoNotOpenIt) {
  breaker_.Succeeded(kStart + seconds(10));
  for (int i = 0; i < 5; ++i) breaker_.Failed(kStart + seconds(9), kStart + seconds(60));
  EXPECT_TRUE(breaker_.closed());
}

}  // namespace
}  // namespace dsw
