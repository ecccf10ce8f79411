// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/batch_window.h"

#include <atomic>
#include <latch>
#include <stdexcept>
#include <thread>

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

/// Two batches at a time, of which the second fails after the first did.
Status FailTwice(BatchWindow& window, Error first, Error second) {
  std::latch both_run(2);
  window.Run([&]() -> Status {
    both_run.arrive_and_wait();
    return Fail(first);
  });
  window.Run([&]() -> Status {
    both_run.arrive_and_wait();
    while (!window.failed()) std::this_thread::yield();
    return Fail(second);
  });
  return window.Finish();
}

TEST(BatchWindowTest, ReportsTheFirstFailureAndLetsTheOthersFinish) {
  BatchWindow window(2);
  EXPECT_FAIL(FailTwice(window, {Code::kUnavailable, "first"}, {Code::kInvalid, "second"}),
              Code::kUnavailable, "first");
}

TEST(BatchWindowTest, ARealFailureCountsMoreThanACancellation) {
  BatchWindow window(2);
  EXPECT_FAIL(FailTwice(window, {Code::kCancelled, "stopped"}, {Code::kConflict, "real"}),
              Code::kConflict);
}

TEST(BatchWindowTest, BeginsNothingAfterAFailure) {
  BatchWindow window(1);
  window.Run([]() -> Status { return Fail(Code::kUnavailable, "first"); });
  bool ran = false;
  window.Run([&]() -> Status {
    ran = true;
    return {};
  });
  EXPECT_FAIL(window.Finish(), Code::kUnavailable);
  EXPECT_FALSE(ran);
}

TEST(BatchWindowTest, AnExceptionIsAFailure) {
  BatchWindow window(1);
  window.Run([]() -> Status { throw std::runtime_error("boom"); });
  EXPECT_FAIL(window.Finish(), Code::kInternal, "boom");
}

}  // namespace
}  // namespace dsw
