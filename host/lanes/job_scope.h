// SPDX-License-Identifier: Apache-2.0
//
// The bounds within which one job runs.
#pragma once

#include <stop_token>
#include <string>

#include "host/base/clock.h"
#include "host/base/result.h"

namespace dsw {

/// How a worker is told to end. `drain`: begin nothing new. `cancel`: give up what is under way.
struct StopSignals {
  std::stop_token drain;
  std::stop_token cancel;
};

/// Immutable while the job runs.
struct JobScope {
  StopSignals stops;
  Clock::TimePoint deadline = Clock::TimePoint::max();
  std::string traceparent;  ///< W3C trace context of the delivery, or empty.
  /// One more failure and the job is given up.
  bool last_attempt = false;
};

/// Why nothing further may begin, or be waited for, if so: kCancelled.
inline Status MayGoOn(const JobScope& scope, Clock::TimePoint now) {
  if (scope.stops.drain.stop_requested()) {
    return Fail(Code::kCancelled, "the worker is shutting down");
  }
  if (now >= scope.deadline) {
    return Fail(Code::kCancelled,
                "the job's time is up (JOB_TIMEOUT); it continues from its records");
  }
  return {};
}

}  // namespace dsw
