// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/memory_budget.h"

#include <thread>

#include <gtest/gtest.h>

namespace dsw {
namespace {

TEST(MemoryBudgetTest, WaitsUntilEnoughIsReturned) {
  MemoryBudget budget(100);
  MemoryBudget::Share first = budget.Take(60, {});
  MemoryBudget::Share second = budget.Take(40, {});
  MemoryBudget::Share third;
  {
    std::jthread waiting([&](const std::stop_token& stop) { third = budget.Take(50, stop); });
    second.reset();
    first.reset();
    waiting.join();
  }
  EXPECT_TRUE(third);
}

TEST(MemoryBudgetTest, GrantsWhatIsOverItWhenNobodyElseHoldsAny) {
  MemoryBudget budget(100);
  EXPECT_TRUE(budget.Take(1000, {}));
}

TEST(MemoryBudgetTest, GivesNothingToWhoIsStopped) {
  MemoryBudget budget(100);
  const MemoryBudget::Share all = budget.Take(100, {});
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(budget.Take(1, stop.get_token()));
}

}  // namespace
}  // namespace dsw
