// SPDX-License-Identifier: Apache-2.0
//
// How services hold their callers to a pace.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>

#include "tests/doubles/exchange.h"

namespace dsw::doubles {

/// A bucket that holds a minute's worth and fills evenly; full at first. Belongs to one thread at a
/// time.
class TokenBucket {
 public:
  /// 0: no limit.
  explicit TokenBucket(double per_minute) : capacity_(per_minute), level_(per_minute) {}

  bool limited() const { return capacity_ > 0; }
  double capacity() const { return capacity_; }
  double Level(Time now) {
    Fill(now);
    return level_;
  }
  /// Takes `amount`, or nothing when there is not enough.
  bool Take(double amount, Time now) {
    if (!limited()) return true;
    Fill(now);
    if (level_ + 1e-9 < amount) return false;
    level_ -= amount;
    return true;
  }
  /// Until `amount` is there; its capacity at most.
  std::chrono::duration<double> Until(double amount, Time now) {
    if (!limited()) return {};
    Fill(now);
    return std::chrono::duration<double>(std::max(0.0, std::min(amount, capacity_) - level_) * 60 /
                                         capacity_);
  }

 private:
  void Fill(Time now) {
    if (filled_ != Time{} && now > filled_) {
      const std::chrono::duration<double, std::ratio<60>> minutes = now - filled_;
      level_ = std::min(capacity_, level_ + minutes.count() * capacity_);
    }
    filled_ = std::max(filled_, now);
  }

  const double capacity_;
  double level_;
  Time filled_{};
};

/// A number of permits. Thread-safe; outlives no permit's need: what is taken keeps it alive.
class Permits {
 public:
  /// 0: no limit.
  explicit Permits(std::size_t count) : state_(std::make_shared<State>()), count_(count) {}

  /// Null when fewer than `count` are free.
  std::shared_ptr<void> Take(std::size_t count) {
    const std::lock_guard lock(state_->mutex);
    if (count_ > 0 && state_->taken + count > count_) return nullptr;
    state_->taken += count;
    return {state_.get(), [state = state_, count](void*) {
              const std::lock_guard release(state->mutex);
              state->taken -= count;
            }};
  }

 private:
  struct State {
    std::mutex mutex;
    std::size_t taken = 0;
  };
  std::shared_ptr<State> state_;
  const std::size_t count_;
};

/// A queue before one worker that serves it in order. Belongs to one thread at a time.
class SerialQueue {
 public:
  explicit SerialQueue(std::size_t depth) : depth_(depth) {}

  std::size_t depth() const { return depth_; }
  /// Requests that wait, without the one that is served.
  std::size_t Waiting(Time now) {
    while (!ends_.empty() && ends_.front() <= now) ends_.pop_front();
    return ends_.empty() ? 0 : ends_.size() - 1;
  }
  bool Full(Time now) { return Waiting(now) >= depth_; }
  /// Queues work; how long until it is done.
  std::chrono::milliseconds Add(std::chrono::milliseconds work, Time now) {
    const Time end = (ends_.empty() ? now : std::max(now, ends_.back())) + work;
    ends_.push_back(end);
    return std::chrono::ceil<std::chrono::milliseconds>(end - now);
  }

 private:
  const std::size_t depth_;
  std::deque<Time> ends_;
};

}  // namespace dsw::doubles
