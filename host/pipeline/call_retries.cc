// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/call_retries.h"

#include <algorithm>
#include <random>

namespace dsw {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLongestDelay = std::chrono::seconds(60);

std::uint32_t RetriesFor(Code code, const PipelineOptions& options) {
  const auto retries = static_cast<std::uint32_t>(std::max(0, options.call_retries));
  switch (code) {
    case Code::kRateLimited:
    case Code::kOverloaded:
    case Code::kUnavailable:
    case Code::kTimeout:
      return retries;
    case Code::kBadResponse:
    case Code::kInternal:
      return std::min(1u, retries);
    case Code::kInvalid:
    case Code::kTooLarge:
    case Code::kInputTooLong:
    case Code::kNotFound:
    case Code::kConflict:
    case Code::kUnauthenticated:
    case Code::kQuota:
    case Code::kCancelled:
      return 0;
  }
  return 0;
}

}  // namespace

std::optional<milliseconds> CallRetryDelay(const Error& error, std::uint32_t attempt, double jitter,
                                           const PipelineOptions& options) {
  if (attempt > RetriesFor(error.code, options)) return std::nullopt;
  if (error.retry_after && *error.retry_after > kLongestDelay) return std::nullopt;
  const milliseconds doubled = std::min(
      kLongestDelay, options.call_retry_delay * (std::int64_t{1} << std::min(attempt - 1, 16u)));
  const auto spread = milliseconds(
      static_cast<std::int64_t>(static_cast<double>(doubled.count()) * (0.75 + 0.5 * jitter)));
  return std::max(spread, error.retry_after.value_or(milliseconds(0)));
}

bool WaitForRetry(const Error& error, std::uint32_t attempt, const WorkerContext& worker,
                  const StopSignals& stops) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const double jitter = std::uniform_real_distribution<>(0.0, 1.0)(random);
  const auto delay = CallRetryDelay(error, attempt, jitter, worker.options);
  return delay && worker.clock.WaitFor(*delay, stops.drain);
}

}  // namespace dsw
