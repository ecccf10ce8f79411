// SPDX-License-Identifier: Apache-2.0
//
// How a plugin's processes died of late: when the next one may be started, and whether at all.
#pragma once

#include <chrono>
#include <deque>

namespace dsw {

/// Pure. Belongs to one thread at a time.
class DeathRecord {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::milliseconds kFirstPause{100};
  /// Short, since finding the one text that a plugin dies of takes a death for each halving.
  static constexpr std::chrono::milliseconds kLongestPause{2'000};
  /// So many deaths within the window, and nothing of use between them, are a plugin that does not
  /// work. A batch of 4096 texts takes 17 when the one that kills is its first: three tries, twelve
  /// halvings, and two of that text alone.
  static constexpr std::size_t kMost = 20;
  static constexpr std::chrono::minutes kWindow{10};

  void Died(TimePoint now);
  /// It could not even be started, for which it cannot be blamed.
  void NotStarted(TimePoint now) { next_start_ = now + kLongestPause; }
  /// It did what it is for.
  void Served() { deaths_.clear(); }
  /// Forgets all, and ends the quarantine.
  void Clear();

  bool quarantined() const { return quarantined_; }
  TimePoint next_start() const { return next_start_; }

 private:
  std::deque<TimePoint> deaths_;  ///< In the window, since something of use.
  TimePoint next_start_{};
  bool quarantined_ = false;
};

}  // namespace dsw
