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
  void Succeed(milliseconds latency, bool full = true, std::uint64_t load = 100) {
    const Clock::TimePoint departed = now_;
    now_ += latency;
    limit_.Succeeded(departed, now_, load, full);
  }
  void Reach(int limit) {
    while (limit_.limit() < limit) Succeed(milliseconds(50));
  }
  void PushBack() {
    now_ += milliseconds(1);
    limit_.PushedBack(now_, now_);
  }
  AdaptiveLimit limit_{std::chrono::seconds(60)};
  Clock::TimePoint now_{std::chrono::hours(1)};
};

TEST_F(AdaptiveLimitTest, DoublesPerRoundTripUpToTheCapWhileItIsWhatHoldsCallsBack) {
  EXPECT_EQ(limit_.limit(), 1);
  for (int trip = 0; trip < 6; ++trip) {
    const int calls = limit_.limit();
    for (int i = 0; i < calls; ++i) Succeed(milliseconds(500));
    EXPECT_EQ(limit_.limit(), 2 * calls);
  }
  for (int i = 0; i < 100; ++i) Succeed(milliseconds(500));
  EXPECT_EQ(limit_.limit(), 64);
}

TEST_F(AdaptiveLimitTest, DoesNotGrowOnceAnswersTakeAGoodPartOfTheTime) {
  for (int i = 0; i < 100; ++i) Succeed(std::chrono::seconds(20));
  EXPECT_EQ(limit_.limit(), 1);
}

TEST_F(AdaptiveLimitTest, StaysSmallWhereAnswersTakeLongerTheMoreCallsThereAre) {
  for (int i = 0; i < 300; ++i) Succeed(milliseconds(100) * limit_.limit());
  EXPECT_LE(limit_.limit(), 8);
}

TEST_F(AdaptiveLimitTest, CallsOfAllSizesAreNoReasonToShrink) {
  const auto size = [](int i) { return i % 10 < 5 ? 1 : 100; };
  for (const bool per_text : {false, true}) {
    limit_ = AdaptiveLimit(std::chrono::seconds(60));
    limit_.SetCap(64);
    Reach(32);
    for (int i = 0; i < 100; ++i) {
      Succeed(milliseconds(per_text ? size(i) : 50), /*full=*/false,
              static_cast<std::uint64_t>(size(i)));
    }
    EXPECT_EQ(limit_.limit(), 32) << per_text;
  }
}

TEST_F(AdaptiveLimitTest, DoesNotGrowUnused) {
  for (int i = 0; i < 3000; ++i) Succeed(milliseconds(50), /*full=*/false);
  EXPECT_EQ(limit_.limit(), 1);
}

TEST_F(AdaptiveLimitTest, HalvesOnPushBackDownToOne) {
  Reach(16);
  PushBack();
  EXPECT_EQ(limit_.limit(), 8);
  for (int i = 0; i < 10; ++i) PushBack();
  EXPECT_EQ(limit_.limit(), 1);
}

TEST_F(AdaptiveLimitTest, CallsThatWereUnderWayTogetherCutOnce) {
  Reach(16);
  const Clock::TimePoint departed = now_;
  for (int i = 0; i < 10; ++i) limit_.PushedBack(departed, departed + milliseconds(10 + i));
  EXPECT_EQ(limit_.limit(), 8);
}

TEST_F(AdaptiveLimitTest, IsBackSoonAfterASeriesOfCuts) {
  Reach(16);
  for (int i = 0; i < 10; ++i) PushBack();
  for (int i = 0; i < 7; ++i) Succeed(milliseconds(50));
  EXPECT_EQ(limit_.limit(), 8);
}

TEST_F(AdaptiveLimitTest, ShrinksWhenAnswersBecomeSlow) {
  Reach(16);
  for (int i = 0; i < 20; ++i) Succeed(milliseconds(1000));
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
