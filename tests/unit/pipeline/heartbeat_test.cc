// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/heartbeat.h"

#include <condition_variable>
#include <mutex>

#include <gtest/gtest.h>

namespace dsw {
namespace {

/// Counts signs of life.
class BeatingDelivery final : public Delivery {
 public:
  std::string_view payload() const override { return ""; }
  std::uint64_t attempt() const override { return 1; }
  std::string_view traceparent() const override { return ""; }
  Status InProgress() override {
    const std::lock_guard lock(mutex_);
    ++beats_;
    changed_.notify_all();
    return Fail(Code::kUnavailable, "a sign that is lost must not be the last");
  }
  Status Ack() override { return {}; }
  Status RetryIn(std::chrono::milliseconds) override { return {}; }
  Status DeadLetter(const DeadLetterReason&) override { return {}; }

  void WaitForBeats(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return beats_ >= count; });
  }
  int beats() {
    const std::lock_guard lock(mutex_);
    return beats_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int beats_ = 0;
};

TEST(HeartbeatTest, BeatsUntilItIsDestroyed) {
  BeatingDelivery delivery;
  {
    const Heartbeat heartbeat(delivery, std::chrono::milliseconds(1));
    delivery.WaitForBeats(3);
  }
  EXPECT_GE(delivery.beats(), 3);
}

}  // namespace
}  // namespace dsw
