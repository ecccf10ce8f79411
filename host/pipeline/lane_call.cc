// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/lane_call.h"

#include <algorithm>

#include "host/pipeline/call_retries.h"

namespace dsw {

using std::chrono::milliseconds;

LaneRetries::LaneRetries(const Lane& lane, const Demand& demand, const WorkerContext& worker,
                         const JobScope& scope, Trouble& trouble)
    : lane_(lane), demand_(demand), worker_(worker), scope_(scope), trouble_(trouble) {
  trouble_.timeouts = 0;
}

Status LaneRetries::AfterFailure(const Error& error, const Departure& departure) {
  const Clock::TimePoint now = worker_.clock.Now();
  ++failures_;
  if (!trouble_.since) trouble_.since = now;
  if (error.code == Code::kTimeout && !departure.patience &&
      ++trouble_.timeouts >= kTimeoutsBeforeSplit && demand_.inputs > 1) {
    return Fail(error);
  }
  if (error.retry_after && *error.retry_after > Lane::kLongestPause) return Fail(error);

  const bool patient = now - *trouble_.since < lane_.outage_patience();
  if (patient && error.code == Code::kRateLimited) return {};  // Now the lane is cooling down.
  if (patient && SaysDown(error.code)) {
    // The lane itself holds the next attempt until it is time for a probe.
    if (lane_.paused() && demand_.inputs > 0) return {};
    if (error.code == Code::kOverloaded || (demand_.inputs == 0 && lane_.remote())) {
      constexpr auto kLongest =
          std::chrono::duration_cast<milliseconds>(CircuitBreaker::kLongestPause);
      return Wait(Backoff(failures_, worker_.options.call_retry_delay, kLongest, Jitter()));
    }
  }
  // Once patience is over, attempts that it allowed were attempts, too.
  const std::uint32_t attempt = patient ? ++counted_ : failures_;
  const auto delay = CallRetryDelay(error, attempt, Jitter(), worker_.options);
  if (!delay) return Fail(error);
  return Wait(*delay);
}

Status LaneRetries::Wait(milliseconds delay) {
  const Clock::TimePoint until = std::min(worker_.clock.Now() + delay, scope_.deadline);
  worker_.clock.WaitUntil(until, scope_.stops.drain);
  return MayGoOn(scope_, worker_.clock.Now());
}

}  // namespace dsw
