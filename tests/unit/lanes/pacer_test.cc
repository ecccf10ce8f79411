// SPDX-License-Identifier: Apache-2.0
#include "host/lanes/pacer.h"

#include <algorithm>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace dsw {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using TimePoint = Clock::TimePoint;

constexpr TimePoint kStart{std::chrono::hours(1)};

struct Event {
  TimePoint at;
  std::uint64_t amount;
};

/// The most units in any window that begins with an event; both its ends belong to it.
std::uint64_t MostInAWindow(const std::vector<Event>& events, Pacer::Duration window) {
  std::uint64_t most = 0;
  for (std::size_t first = 0; first < events.size(); ++first) {
    std::uint64_t sum = 0;
    for (std::size_t i = first; i < events.size() && events[i].at <= events[first].at + window;
         ++i) {
      sum += events[i].amount;
    }
    most = std::max(most, sum);
  }
  return most;
}

TEST(PacerTest, NoWindowSeesMoreThanTheLimitWhateverTheAmountsAndDelays) {
  std::mt19937 random(7);
  for (int run = 0; run < 20; ++run) {
    Pacer pacer(milliseconds(60'500));
    pacer.SetLimit(2000);
    std::vector<Event> events;
    TimePoint now = kStart;
    while (now < kStart + std::chrono::minutes(5)) {
      const std::uint64_t amount = 1 + random() % 200;
      now = std::max(now, pacer.Earliest(amount)) + milliseconds(random() % 3 == 0 ? 700 : 0);
      pacer.Depart(amount, now);
      events.push_back({now, amount});
    }
    EXPECT_LE(MostInAWindow(events, seconds(60)), 2000U);
  }
}

TEST(PacerTest, EqualAmountsUseTheLimitUpEvenly) {
  Pacer pacer(milliseconds(60'500));
  pacer.SetLimit(2000);
  std::vector<Event> events;
  TimePoint now = kStart;
  while (now < kStart + std::chrono::minutes(10)) {
    now = std::max(now, pacer.Earliest(95));
    pacer.Depart(95, now);
    events.push_back({now, 95});
  }
  EXPECT_GE(events.size() * 95, 19'600U);
  EXPECT_LE(MostInAWindow(events, seconds(60)), 2000U);
  for (std::size_t i = 1; i < events.size(); ++i) {
    EXPECT_LT(events[i].at - events[i - 1].at, seconds(4));
    EXPECT_GT(events[i].at - events[i - 1].at, milliseconds(2800));
  }
}

TEST(PacerTest, ALateDepartureShiftsThoseAfterIt) {
  Pacer pacer(seconds(1));
  pacer.SetLimit(10);
  EXPECT_LE(pacer.Earliest(1), kStart);
  pacer.Depart(1, kStart);
  EXPECT_EQ(pacer.Earliest(1), kStart + milliseconds(100));
  pacer.Depart(1, kStart + milliseconds(450));
  EXPECT_EQ(pacer.Earliest(1), kStart + milliseconds(550));
}

TEST(PacerTest, AnAmountOverTheLimitDepartsAlone) {
  Pacer pacer(seconds(60));
  pacer.SetLimit(100);
  pacer.Depart(10, kStart);
  EXPECT_EQ(pacer.Earliest(500), kStart + seconds(60));
  pacer.Depart(500, kStart + seconds(60));
  EXPECT_EQ(pacer.Earliest(1), kStart + seconds(120));
}

TEST(PacerTest, WithoutALimitNothingWaits) {
  Pacer pacer(seconds(60));
  pacer.Depart(1000, kStart);
  EXPECT_LE(pacer.Earliest(1000), kStart);
}

}  // namespace
}  // namespace dsw
