// SPDX-License-Identifier: Apache-2.0
//
// Notices that an upstream is down, and then lets single attempts through until it is back.
#pragma once

#include <optional>

#include "host/base/clock.h"

namespace dsw {

/// Belongs to one thread at a time.
class CircuitBreaker {
 public:
  using TimePoint = Clock::TimePoint;
  using Duration = TimePoint::duration;

  /// So many failures without a success in between open it.
  static constexpr int kFailures = 3;
  /// Between two probes: the first pause doubles up to the longest.
  static constexpr Duration kFirstPause = std::chrono::seconds(1);
  static constexpr Duration kLongestPause = std::chrono::seconds(4);

  bool open() const { return opened_at_.has_value(); }
  /// Since when it is open.
  std::optional<TimePoint> opened_at() const { return opened_at_; }
  /// When the next probe may depart; only while open.
  TimePoint next_probe() const { return next_probe_; }

  /// A probe departs; only while open.
  void ProbeDeparts(TimePoint now);
  void Succeeded(TimePoint now);
  /// An attempt that departed before the last success says nothing about now.
  void Failed(TimePoint departed, TimePoint now);

 private:
  int failures_ = 0;
  std::optional<TimePoint> last_success_;
  std::optional<TimePoint> opened_at_;
  TimePoint next_probe_{};
  Duration pause_ = kFirstPause;
};

}  // namespace dsw
