// SPDX-License-Identifier: Apache-2.0
#include "host/isolation/runner_output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/isolation/wire.h"

namespace dsw {
namespace {

TEST(LineCutterTest, CutsLinesOutOfPieces) {
  std::vector<std::string> lines;
  LineCutter cutter([&](const std::string& line) { lines.push_back(line); });
  cutter.Add("one\ntw");
  cutter.Add("o\n\n  \nthree");
  cutter.Finish();
  EXPECT_THAT(lines, testing::ElementsAre("one", "two", "three"));
}

TEST(LineCutterTest, CleansAndBoundsThem) {
  std::vector<std::string> lines;
  LineCutter cutter([&](const std::string& line) { lines.push_back(line); });
  cutter.Add("a\x1b[1mb\r\n");
  cutter.Add(std::string(10 * wire::kLongestLine, 'x') + "\n");
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0], "a [1mb ");
  EXPECT_EQ(lines[1].size(), wire::kLongestLine);
}

TEST(LineBudgetTest, LetsABurstThroughAndThenSomeEverySecond) {
  LineBudget budget;
  LineBudget::TimePoint now{std::chrono::hours(1)};
  const auto let_through = [&] {
    int lines = 0;
    for (int i = 0; i < 10 * LineBudget::kBurst; ++i) lines += budget.Take(now) ? 1 : 0;
    return lines;
  };
  EXPECT_EQ(let_through(), LineBudget::kBurst);
  now += std::chrono::seconds(2);
  EXPECT_EQ(let_through(), 2 * LineBudget::kPerSecond);
  now += std::chrono::hours(2);
  EXPECT_EQ(let_through(), LineBudget::kBurst);
}

TEST(LineBudgetTest, KnowsWhatWasDropped) {
  LineBudget budget;
  const LineBudget::TimePoint now{std::chrono::hours(1)};
  for (int i = 0; i < LineBudget::kBurst + 7; ++i) budget.Take(now);
  EXPECT_EQ(budget.TakeDropped(), 7u);
  EXPECT_EQ(budget.TakeDropped(), 0u);
}

}  // namespace
}  // namespace dsw
