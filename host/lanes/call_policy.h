// SPDX-License-Identifier: Apache-2.0
//
// How the worker calls a service.
#pragma once

#include <chrono>

namespace dsw {

/// How calls to a service are bounded and repeated, as configured. Immutable.
struct CallPolicy {
  std::chrono::milliseconds timeout{std::chrono::seconds(60)};  ///< Of one attempt.
  int retries = 3;                              ///< Further attempts of a call, within a delivery.
  std::chrono::milliseconds retry_delay{1000};  ///< Before the first of them; doubles.
  /// How long a call waits for a service that is down before its delivery fails; 0 for no longer
  /// than its retries.
  std::chrono::milliseconds outage_patience{std::chrono::seconds(300)};
  /// To one service, over all jobs; 0 for any number. This and the next only where a plugin calls a
  /// service.
  int requests_per_second = 0;
  int max_calls = 0;  ///< At a time; 0 for any number.
};

}  // namespace dsw
