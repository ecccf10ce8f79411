// SPDX-License-Identifier: Apache-2.0
#include "host/lanes/adaptive_limit.h"

#include <limits>

#include <gtest/gtest.h>

namespace dsw {
namespace {

using std::chrono::milliseconds;

class AdaptiveLimitTest : public testing::Test {
 protected:
  AdaptiveLimitTest() { limit_.SetCap(64); }
  void Succeed(milliseconds latency, bool full = true) {
    const Clock::TimePoint departed = now_;
    now_ += latency;
    limit_.Succeeded(departed, now_, full);
  }
  void PushBack() {
    now_ += milliseconds(1);
    limit_.PushedBack(now_, now_);
  }
  AdaptiveLimit limit_;
  Clock::TimePoint now_{std::chrono::hours(1)};
};

TEST_F(AdaptiveLimitTest, GrowsToTheCapWhileItIsWhatHoldsCallsBack) {
  for (int i = 0; i < 3000; ++i) Succeed(milliseconds(50));
  EXPECT_EQ(limit_.limit(), 64);
}

TEST_F(AdaptiveLimitTest, DoesNotGrowUnused) {
  for (int i = 0; i < 3000; ++i) Succeed(milliseconds(50), /*full=*/false);
  EXPECT_EQ(limit_.limit(), 16);
}

TEST_F(AdaptiveLimitTest, HalvesOnPushBackDownToOne) {
  PushBack();
  EXPECT_EQ(limit_.limit(), 8);
  for (int i = 0; i < 10; ++i) PushBack();
  EXPECT_EQ(limit_.limit(), 1);
}

TEST_F(AdaptiveLimitTest, CallsThatWereUnderWayTogetherCutOnce) {
  const Clock::TimePoint departed = now_;
  for (int i = 0; i < 10; ++i) limit_.PushedBack(departed, departed + milliseconds(10 + i));
  EXPECT_EQ(limit_.limit(), 8);
}

TEST_F(AdaptiveLimitTest, IsBackSoonAfterASeriesOfCuts) {
  for (int i = 0; i < 10; ++i) PushBack();
  for (int i = 0; i < 7; ++i) Succeed(milliseconds(50));
  EXPECT_EQ(limit_.limit(), 8);
}

TEST_F(AdaptiveLimitTest, ShrinksWhenAnswersBecomeSlow) {
  for (int i = 0; i < 100; ++i) Succeed(milliseconds(100), /*full=*/false);
  for (int i = 0; i < 10; ++i) Succeed(milliseconds(1000));
  EXPECT_LT(limit_.limit(), 12);
}

TEST_F(AdaptiveLimitTest, SteadySlownessIsNoReasonToShrink) {
  for (int i = 0; i < 3000; ++i) Succeed(milliseconds(5000));
  EXPECT_EQ(limit_.limit(), 64);
}

TEST_F(AdaptiveLimitTest, TheCapHolds) {
  limit_.SetCap(5);
  for (int i = 0; i < 100; ++i) Succeed(milliseconds(50));
  EXPECT_EQ(limit_.limit(), 5);
}

TEST_F(AdaptiveLimitTest, WithoutACapNothingIsHeldBack) {
  limit_.SetCap(0);
  PushBack();
  EXPECT_EQ(limit_.limit(), std::numeric_limits<int>::max());
}

}  // namespace
}  // namespace dsw
