// SPDX-License-Identifier: Apache-2.0
//
// How many calls a service takes at a time, found out by trying.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "host/base/clock.h"

namespace dsw {

/// Begins with one call. Increases while the limit is what holds calls back and answers come as
/// fast as ever; decreases by much when the service pushes back, and gently when its answers become
/// slow. Belongs to one thread at a time.
class AdaptiveLimit {
 public:
  using TimePoint = Clock::TimePoint;
  using Duration = TimePoint::duration;

  /// `timeout` of a call: it is not increased while answers take a good part of that, since with
  /// more calls at a time each may take longer.
  explicit AdaptiveLimit(Duration timeout) : timeout_(timeout) {}

  /// Never more than `cap`, at least 1; 0 for any number, and then nothing is adapted.
  void SetCap(int cap);
  int cap() const { return cap_; }
  int limit() const;

  /// `load`: how much was in the call, in whatever unit. `full`: while it was under way, as many
  /// calls were as the limit allows.
  void Succeeded(TimePoint departed, TimePoint now, std::uint64_t load, bool full);
  void PushedBack(TimePoint departed, TimePoint now);

 private:
  /// Something that ought to stay as low as it was, in seconds.
  struct Slowness {
    double late = 0;  ///< The average of the last few.
    double best = 0;  ///< Follows `late` down at once, and up slowly.
    /// `alone`: nothing else was under way that could have made it worse.
    void Add(double value, bool alone);
    double factor() const { return late / best; }
  };

  /// Once per round trip: calls that departed before a cut know nothing of it.
  void Cut(double factor, TimePoint departed, TimePoint now);

  Duration timeout_;
  int cap_ = 0;
  double limit_ = 1;
  /// Below it the limit doubles per round trip.
  double threshold_ = std::numeric_limits<double>::max();
  bool cut_last_ = false;  ///< Nothing succeeded since the last cut.
  std::optional<TimePoint> last_cut_;
  Slowness per_call_;
  Slowness per_load_;
};

}  // namespace dsw
