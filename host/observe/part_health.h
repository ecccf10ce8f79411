// SPDX-License-Identifier: Apache-2.0
//
// What is known about one part that the worker needs, and when to look again. No threads and no
// clock of its own: health_monitor.h has those.
#pragma once

#include <chrono>
#include <optional>

#include "host/base/clock.h"
#include "host/base/result.h"

namespace dsw {

struct HealthTiming {
  using Duration = std::chrono::milliseconds;
  Duration every = std::chrono::seconds(2);             ///< Between two checks of a part.
  Duration answer_within = std::chrono::seconds(5);     ///< A check that takes longer has failed.
  Duration first_pause = std::chrono::seconds(1);       ///< After a report; doubles from there on,
  Duration longest_pause = std::chrono::seconds(15);    ///< while checks fail, up to this one,
  Duration longest_repeated = std::chrono::minutes(1);  ///< and while reports return, to this one.
  Duration soon = std::chrono::minutes(1);  ///< A report this soon after reopening is a return.
};

/// Belongs to one thread at a time.
class PartHealth {
 public:
  using TimePoint = Clock::TimePoint;

  /// `has_check`: without one, the next job after the pause is the check.
  PartHealth(bool has_check, const HealthTiming& timing);

  /// A job found it broken: it stays closed until a check that begins after the pause succeeds.
  void Report(TimePoint now, const Error& error);

  /// When the check is to be run again.
  TimePoint due() const { return due_; }
  void CheckBegins(TimePoint now);
  void CheckEnds(TimePoint now, Status result);

  /// False until the first check has told something.
  bool Known(TimePoint now) const;
  /// Success while it is known, and not known to be broken.
  Status Finding(TimePoint now) const;
  /// When Finding() may change by itself; max() for not at all.
  TimePoint NextChange(TimePoint now) const;
  /// Nothing is left to remember.
  bool Forgettable(TimePoint now) const;

 private:
  /// True when the check under way takes too long.
  bool Silent(TimePoint now) const;
  /// True while it is closed by a report. Without a check it opens by itself.
  bool Closed(TimePoint now) const;
  /// When it was opened again after the last report, if it was.
  std::optional<TimePoint> ReopenedAt(TimePoint now) const;

  bool has_check_;
  HealthTiming timing_;
  std::optional<Status> result_;            ///< Of the last check.
  std::optional<TimePoint> running_since_;  ///< The check that has not returned.
  bool outdated_ = false;                   ///< It began before the last report.
  TimePoint due_{};
  std::optional<Error> reported_;
  std::optional<TimePoint> reopened_;  ///< By a check.
  HealthTiming::Duration pause_{};
};

}  // namespace dsw
