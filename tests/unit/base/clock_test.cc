// SPDX-License-Identifier: Apache-2.0
#include "host/base/clock.h"

#include <gtest/gtest.h>

namespace dsw {
namespace {

TEST(ClockTest, FormatsUtcWithMilliseconds) {
  using std::chrono::system_clock;
  EXPECT_EQ(FormatUtc(system_clock::time_point(std::chrono::milliseconds(1'700'000'000'042))),
            "2023-11-14T22:13:20.042Z");
}

TEST(ClockTest, AStoppedWaitEndsEarlyAndSaysSo) {
  SystemClock clock;
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(clock.WaitFor(std::chrono::hours(1), stop.get_token()));
  EXPECT_TRUE(clock.WaitFor(std::chrono::milliseconds(0), {}));
}

}  // namespace
}  // namespace dsw
