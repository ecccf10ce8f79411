// SPDX-License-Identifier: Apache-2.0
//
// A clock that moves only when told to, or when somebody waits on it.
#pragma once

#include <mutex>
#include <vector>

#include "host/base/clock.h"

namespace dsw {

/// Waiting takes no real time: it moves the clock to the end of the wait. Thread-safe.
class ManualClock final : public Clock {
 public:
  TimePoint Now() const override {
    const std::lock_guard lock(mutex_);
    return now_;
  }
  std::chrono::system_clock::time_point WallNow() const override {
    return std::chrono::system_clock::time_point(std::chrono::seconds(1'700'000'000)) +
           std::chrono::duration_cast<std::chrono::system_clock::duration>(Now() - TimePoint{});
  }
  bool WaitUntil(TimePoint time, std::stop_token stop) override {
    if (stop.stop_requested()) return false;
    const std::lock_guard lock(mutex_);
    if (time > now_) {
      waits_.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(time - now_));
      now_ = time;
    }
    return true;
  }

  void Advance(std::chrono::milliseconds by) {
    const std::lock_guard lock(mutex_);
    now_ += by;
  }
  /// The waits so far, in order.
  std::vector<std::chrono::milliseconds> waits() const {
    const std::lock_guard lock(mutex_);
    return waits_;
  }

 private:
  mutable std::mutex mutex_;
  TimePoint now_{std::chrono::hours(1)};
  std::vector<std::chrono::milliseconds> waits_;
};

}  // namespace dsw
