// SPDX-License-Identifier: Apache-2.0
//
// Repeats a plugin call within a delivery, where waiting a little is likely to help.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>

#include "host/base/result.h"
#include "host/pipeline/worker_context.h"

namespace dsw {

/// How long to wait before another attempt after `error`, or nothing when another one is pointless
/// here: the failure is final, the attempts are used up, or the upstream asked for more patience
/// than a delivery has (a minute). `jitter` in [0, 1) spreads the delay over ±25 %. Pure.
std::optional<std::chrono::milliseconds> CallRetryDelay(const Error& error, std::uint32_t attempt,
                                                        double jitter,
                                                        const PipelineOptions& options);

/// Waits as CallRetryDelay says; false when there shall be no further attempt, also because the
/// worker drains.
bool WaitForRetry(const Error& error, std::uint32_t attempt, const WorkerContext& worker,
                  const StopSignals& stops);

/// Calls until it succeeds or shall not be repeated; the last result. `call` gets the number of the
/// attempt, from 1.
template <typename T>
Result<T> CallWithRetries(const WorkerContext& worker, const StopSignals& stops,
                          const std::function<Result<T>(std::uint32_t attempt)>& call) {
  for (std::uint32_t attempt = 1;; ++attempt) {
    Result<T> result = call(attempt);
    if (result || !WaitForRetry(result.error(), attempt, worker, stops)) return result;
  }
}

}  // namespace dsw
