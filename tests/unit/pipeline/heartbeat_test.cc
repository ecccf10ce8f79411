// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/heartbeat.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

namespace dsw {
namespace {

TEST(HeartbeatTest, BeatsUntilItIsDestroyed) {
  std::mutex mutex;
  std::condition_variable changed;
  int beats = 0;
  {
    const Heartbeat heartbeat(std::chrono::milliseconds(1), [&] {
      const std::lock_guard lock(mutex);
      ++beats;
      changed.notify_all();
    });
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return beats >= 3; });
  }
  const int at_the_end = beats;
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const std::lock_guard lock(mutex);
  EXPECT_EQ(beats, at_the_end);
}

}  // namespace
}  // namespace dsw
