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

milliseconds Backoff(std::uint32_t attempt, milliseconds first, milliseconds longest,
                     double jitter) {
  constexpr std::uint32_t kMostDoublings = 16;
  const milliseconds doubled =
      std::min(longest, first * (std::int64_t{1} << std::min(attempt - 1, kMostDoublings)));
  return milliseconds(
      static_cast<std::int64_t>(static_cast<double>(doubled.count()) * (0.75 + 0.5 * jitter)));
}

double Jitter() {
  thread_local std::minstd_rand random{std::random_device{}()};
  return std::uniform_real_distribution<>(0.0, 1.0)(random);
}

std::optional<milliseconds> CallRetryDelay(const Error& error, std::uint32_t attempt, double jitter,
                                           const PipelineOptions& options) {
  if (attempt > RetriesFor(error.code, options)) return std::nullopt;
  if (error.retry_after && *error.retry_after > kLongestDelay) return std::nullopt;
  return std::max(Backoff(attempt, options.call_retry_delay, kLongestDelay, jitter),
                  error.retry_after.value_or(milliseconds(0)));
}

bool WaitForRetry(const Error& error, std::uint32_t attempt, const WorkerContext& worker,
                  const JobScope& scope) {
  const auto delay = CallRetryDelay(error, attempt, Jitter(), worker.options);
  return delay && worker.clock.WaitFor(*delay, scope.stops.drain);
}

}  // namespace dsw
