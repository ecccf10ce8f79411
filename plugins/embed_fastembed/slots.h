// SPDX-License-Identifier: Apache-2.0
// Bounds how many calls compute at a time, first come first served.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>

namespace dsw::fastembed {

/// Thread-safe.
class Slots {
 public:
  /// One taken slot; given back on destruction.
  class Holder {
   public:
    explicit Holder(Slots& slots) : slots_(slots) {}
    ~Holder() { slots_.Release(); }
    Holder(const Holder&) = delete;
    Holder& operator=(const Holder&) = delete;

   private:
    Slots& slots_;
  };

  /// Waits until every earlier caller has a slot and fewer than `limit` (at least 1) are taken,
  /// then takes one. Runs `check` every 50 ms meanwhile; what it throws ends the wait.
  Holder Acquire(unsigned limit, const std::function<void()>& check);

 private:
  void Release();

  std::mutex mutex_;
  std::condition_variable changed_;
  unsigned taken_ = 0;                 // guarded by mutex_
  std::deque<std::uint64_t> waiting_;  // guarded by mutex_; tickets in order of arrival
  std::uint64_t next_ticket_ = 0;      // guarded by mutex_
};

}  // namespace dsw::fastembed
