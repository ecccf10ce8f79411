// SPDX-License-Identifier: Apache-2.0
//
// Repeats a plugin call within a delivery, where waiting a little is likely to help.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

#include "host/base/clock.h"
#include "host/base/result.h"
#include "host/lanes/call_policy.h"
#include "host/lanes/job_scope.h"

namespace dsw {

/// The pause before attempt number `attempt` + 1: `first`, doubled with every attempt, spread by
/// `jitter` in [0, 1) over ±25 %, at most `longest`. Pure.
std::chrono::milliseconds Backoff(std::uint32_t attempt, std::chrono::milliseconds first,
                                  std::chrono::milliseconds longest, double jitter);

/// A number in [0, 1) for spreading pauses. Thread-safe.
double Jitter();

/// How long to wait before another attempt after `error`, or nothing when another one is pointless
/// here: the failure is final or the peer says so, the attempts are used up, or the upstream asked
/// for more patience than a delivery has (a minute). Pure.
std::optional<std::chrono::milliseconds> CallRetryDelay(const Error& error, std::uint32_t attempt,
                                                        double jitter, const CallPolicy& policy);

/// Waits as CallRetryDelay says; false when there shall be no further attempt, also because the
/// worker drains.
bool WaitForRetry(const Error& error, std::uint32_t attempt, const CallPolicy& policy, Clock& clock,
                  const JobScope& scope);

/// Calls until it succeeds or shall not be repeated; the last result. `call` gets the number of the
/// attempt, from 1.
template <typename T>
Result<T> CallWithRetries(const CallPolicy& policy, Clock& clock, const JobScope& scope,
                          const std::function<Result<T>(std::uint32_t attempt)>& call) {
  for (std::uint32_t attempt = 1;; ++attempt) {
    Result<T> result = call(attempt);
    if (result || !WaitForRetry(result.error(), attempt, policy, clock, scope)) return result;
  }
}

}  // namespace dsw
