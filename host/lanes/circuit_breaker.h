// SPDX-License-Identifier: Apache-2.0
//
// Notices that a service is down, and then lets single probes through until it is back.
#pragma once

#include <optional>

#include "host/base/clock.h"

namespace dsw {

/// Failures may lie in what was sent, so they alone prove nothing: several in a row make a service
/// suspect, and only when a probe fails, too, the circuit is open. While it is not closed, nothing
/// but probes departs. Belongs to one thread at a time.
class CircuitBreaker {
 public:
  using TimePoint = Clock::TimePoint;
  using Duration = TimePoint::duration;

  /// So many failures without a success in between make a service suspect; so many probes without
  /// an answer in time make it one that is down.
  static constexpr int kFailures = 3;
  /// Between two probes: the first pause doubles up to the longest.
  static constexpr Duration kFirstPause = std::chrono::seconds(1);
  static constexpr Duration kLongestPause = std::chrono::seconds(4);

  bool closed() const { return state_ == State::kClosed; }
  bool open() const { return state_ == State::kOpen; }
  /// Since when it is open; only while it is.
  TimePoint opened_at() const { return opened_at_; }
  /// When the next probe may depart; only unless closed.
  TimePoint next_probe() const { return next_probe_; }

  /// A probe departs; only unless closed.
  void ProbeDeparts(TimePoint now);
  /// The service answered.
  void Succeeded(TimePoint now);
  /// An attempt that departed before the last success says nothing about now.
  void Failed(TimePoint departed, TimePoint now);
  /// `slow`: it was not answered in time, as by a service that has too much to do.
  void ProbeFailed(TimePoint departed, TimePoint now, bool slow);
  /// Somebody wants to know: a probe may depart at once.
  void Suspect(TimePoint now);
  /// A probe told nothing.
  void Dismiss();

 private:
  enum class State { kClosed, kSuspect, kOpen };

  bool Outdated(TimePoint departed) const { return last_success_ && departed < *last_success_; }

  State state_ = State::kClosed;
  int failures_ = 0;     ///< In a row.
  int slow_probes_ = 0;  ///< In a row.
  std::optional<TimePoint> last_success_;
  TimePoint opened_at_{};
  TimePoint next_probe_{};
  Duration pause_ = kFirstPause;
};

}  // namespace dsw
