// SPDX-License-Identifier: Apache-2.0
#include "host/lanes/call_retries.h"

#include <algorithm>
#include <random>

#include "host/domain/failure.h"

namespace dsw {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLongestDelay = std::chrono::seconds(60);

std::uint32_t RetriesFor(const Error& error, const CallPolicy& policy) {
  if (error.repeat == false) return 0;
  const auto retries = static_cast<std::uint32_t>(std::max(0, policy.retries));
  switch (ClassOf(error).call) {
    case OnCall::kEnd:
      return 0;
    case OnCall::kRepeatOnce:
      return std::min(1u, retries);
    case OnCall::kRepeat:
    case OnCall::kPatience:
      return retries;
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
                                           const CallPolicy& policy) {
  if (attempt > RetriesFor(error, policy)) return std::nullopt;
  if (error.retry_after && *error.retry_after > kLongestDelay) return std::nullopt;
  return std::max(Backoff(attempt, policy.retry_delay, kLongestDelay, jitter),
                  error.retry_after.value_or(milliseconds(0)));
}

bool WaitForRetry(const Error& error, std::uint32_t attempt, const CallPolicy& policy, Clock& clock,
                  const JobScope& scope) {
  const auto delay = CallRetryDelay(error, attempt, Jitter(), policy);
  return delay && clock.WaitFor(*delay, scope.stops.drain);
}

}  // namespace dsw
