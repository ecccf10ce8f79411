// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/batch_window.h"

#include <atomic>
#include <latch>
#include <stdexcept>

#include <gtest/gtest.h>

#include "tests/support/matchers.h"

namespace dsw {
namespace {

TEST(BatchWindowTest, RunsAsManyAtOnceAsItsSize) {
  std::latch all_here(3);
  BatchWindow window(3);
  for (int i = 0; i < 3; ++i) {
    window.Run([&]() -> Status {
      all_here.arrive_and_wait();
      return {};
    });
  }
  EXPECT_OK(window.Finish());
}

TEST(BatchWindowTest, NeverRunsMoreThanItsSize) {
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  std::atomic<int> done = 0;
  BatchWindow window(2);
  for (int i = 0; i < 500; ++i) {
    window.Run([&]() -> Status {
      const int now = ++running;
      int seen = most;
      while (now > seen && !most.compare_exchange_weak(seen, now)) {
      }
      --running;
      ++done;
      return {};
    });
  }
  EXPECT_OK(window.Finish());
  EXPECT_LE(most, 2);
  EXPECT_EQ(done, 500);
}

TEST(BatchWindowTest, ReportsTheFirstFailureAndLetsTheOthersFinish) {
  std::atomic<int> done = 0;
  BatchWindow window(1);
  window.Run([]() -> Status { return Fail(Code::kUnavailable, "first"); });
  window.Run([&]() -> Status {
    ++done;
    return Fail(Code::kInvalid, "second");
  });
  EXPECT_FAIL(window.Finish(), Code::kUnavailable, "first");
  EXPECT_EQ(done, 1);
}

TEST(BatchWindowTest, ARealFailureCountsMoreThanACancellation) {
  BatchWindow window(1);
  window.Run([]() -> Status { return Fail(Code::kCancelled, "stopped"); });
  window.Run([]() -> Status { return Fail(Code::kConflict, "real"); });
  EXPECT_FAIL(window.Finish(), Code::kConflict);
}

TEST(BatchWindowTest, AnExceptionIsAFailure) {
  BatchWindow window(1);
  window.Run([]() -> Status { throw std::runtime_error("boom"); });
  EXPECT_FAIL(window.Finish(), Code::kInternal, "boom");
}

}  // namespace
}  // namespace dsw
