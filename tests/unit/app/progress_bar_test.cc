// SPDX-License-Identifier: Apache-2.0
#include "host/app/progress_bar.h"

#include <gtest/gtest.h>

namespace dsw {
namespace {

using std::chrono::seconds;

TEST(ProgressLineTest, ShowsShareRateAndTimeLeft) {
  EXPECT_EQ(ProgressLine(250, 1000, seconds(5), 0, "chunks", 70),
            "[######                  ]   25.0 %  250/1000 chunks  50.0/s  eta 15 s");
}

TEST(ProgressLineTest, TheRateLeavesOutWhatWasDoneBefore) {
  EXPECT_EQ(ProgressLine(600, 1000, seconds(10), 500, "chunks", 20),
            " 60.0 %  600/1000 chunks  10.0/s  eta 40 s");
}

TEST(ProgressLineTest, AnUnknownTotalIsJustACount) {
  EXPECT_EQ(ProgressLine(42, 0, seconds(2), 0, "items", 80), "42 items  21.0/s");
}

TEST(ProgressLineTest, NoTimeLeftAtTheEndOrBeforeTheFirstSecond) {
  EXPECT_EQ(ProgressLine(10, 10, seconds(1), 0, "items", 20), "100.0 %  10/10 items  10.0/s");
  EXPECT_EQ(ProgressLine(0, 10, seconds(0), 0, "items", 20), "  0.0 %  0/10 items  0.0/s");
}

}  // namespace
}  // namespace dsw
