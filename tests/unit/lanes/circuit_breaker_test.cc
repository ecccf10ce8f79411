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
  void Open() {
    for (int i = 0; i < CircuitBreaker::kFailures; ++i) FailAt(kStart);
  }
  CircuitBreaker breaker_;
};

TEST_F(CircuitBreakerTest, FailuresInARowOpenIt) {
  FailAt(kStart);
  FailAt(kStart);
  EXPECT_FALSE(breaker_.open());
  FailAt(kStart);
  EXPECT_EQ(breaker_.opened_at(), kStart);
}

TEST_F(CircuitBreakerTest, ASuccessInBetweenKeepsItClosed) {
  for (int i = 0; i < 10; ++i) {
    FailAt(kStart + seconds(i));
    FailAt(kStart + seconds(i));
    breaker_.Succeeded(kStart + seconds(i));
  }
  EXPECT_FALSE(breaker_.open());
}

TEST_F(CircuitBreakerTest, ProbesDepartEveryFewSecondsUntilOneSucceeds) {
  Open();
  Clock::TimePoint last = kStart;
  for (int i = 0; i < 10; ++i) {
    const Clock::TimePoint probe = breaker_.next_probe();
    EXPECT_GT(probe, last);
    EXPECT_LE(probe - last, seconds(5));
    breaker_.ProbeDeparts(probe);
    FailAt(probe);
    EXPECT_TRUE(breaker_.open());
    last = probe;
  }
  EXPECT_EQ(breaker_.opened_at(), kStart);
  breaker_.Succeeded(last);
  EXPECT_FALSE(breaker_.open());
}

TEST_F(CircuitBreakerTest, LateNewsFromBeforeTheLastSuccessDoNotOpenIt) {
  breaker_.Succeeded(kStart + seconds(10));
  for (int i = 0; i < 5; ++i) breaker_.Failed(kStart + seconds(9), kStart + seconds(60));
  EXPECT_FALSE(breaker_.open());
}

}  // namespace
}  // namespace dsw
