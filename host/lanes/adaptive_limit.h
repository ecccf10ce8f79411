// SPDX-License-Identifier: Apache-2.0
//
// How many calls an upstream takes at a time, found out by trying.
#pragma once

#include <optional>

#include "host/base/clock.h"

namespace dsw {

/// Additive increase while the limit is what holds calls back, multiplicative decrease when the
/// upstream pushes back or its answers become slow. Belongs to one thread at a time.
class AdaptiveLimit {
 public:
  using TimePoint = Clock::TimePoint;
  using Duration = TimePoint::duration;

  /// Before anything is known about an upstream.
  static constexpr double kFirst = 16;

  /// Never more than `cap`, at least 1; 0 for any number, and then nothing is adapted.
  void SetCap(int cap);
  int cap() const { return cap_; }
  int limit() const;
  /// How long a successful attempt takes of late, if there was one.
  std::optional<Duration> typical() const { return slow_; }

  /// `full`: as many calls were under way as the limit allows.
  void Succeeded(TimePoint departed, TimePoint now, bool full);
  void PushedBack(TimePoint departed, TimePoint now);

 private:
  /// Once per round trip: calls that departed before a cut know nothing of it.
  void Cut(double factor, TimePoint departed, TimePoint now);

  int cap_ = 0;
  double limit_ = kFirst;
  double threshold_ = kFirst;  ///< Below it the limit doubles per round trip.
  bool cut_last_ = false;      ///< Nothing succeeded since the last cut.
  std::optional<TimePoint> last_cut_;
  std::optional<Duration> fast_;  ///< Average latency of the last few attempts.
  std::optional<Duration> slow_;  ///< Of many.
};

}  // namespace dsw
