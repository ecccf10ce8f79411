// SPDX-License-Identifier: Apache-2.0
// The bound on concurrent calls.
#include "plugins/embed_fastembed/slots.h"

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace dsw::fastembed {
namespace {

TEST(SlotsTest, NeverGivesOutMoreThanTheLimit) {
  Slots slots;
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        const Slots::Holder slot = slots.Acquire(2, [] {});
        const int now = ++inside;
        int seen = most;
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        std::this_thread::yield();
        --inside;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most, 2);
  EXPECT_GE(most, 1);
}

TEST(SlotsTest, EndsTheWaitOfACancelledCallerAndServesTheNext) {
  Slots slots;
  {
    const Slots::Holder first = slots.Acquire(1, [] {});
    EXPECT_THROW(slots.Acquire(1, [] { throw std::runtime_error("cancelled"); }),
                 std::runtime_error);
  }
  const Slots::Holder next = slots.Acquire(1, [] { throw std::runtime_error("slot not free"); });
}

}  // namespace
}  // namespace dsw::fastembed
