// SPDX-License-Identifier: Apache-2.0
#include "host/lanes/lane_call.h"

#include <algorithm>

#include "host/domain/failure.h"
#include "host/lanes/call_retries.h"

namespace dsw {

using std::chrono::milliseconds;

LaneRetries::LaneRetries(const Lane& lane, const Demand& demand, const JobScope& scope,
                         Trouble& trouble)
    : lane_(lane), demand_(demand), scope_(scope), trouble_(trouble) {
  trouble_.timeouts = 0;
}

Status LaneRetries::AfterFailure(const Error& error, const Departure& departure) {
  const Clock::TimePoint now = lane_.clock().Now();
  const FailureClass& failure = ClassOf(error);
  ++failures_;
  if (!trouble_.since) trouble_.since = now;
  if (failure.peer == OnPeer::kSlow && !departure.patience &&
      ++trouble_.timeouts >= kTimeoutsBeforeSplit && demand_.inputs > 1) {
    return Fail(error);
  }
  if (error.repeat == false) return Fail(error);
  if (error.retry_after && *error.retry_after > Lane::kLongestPause) return Fail(error);

  const bool patient =
      failure.call == OnCall::kPatience && now - *trouble_.since < lane_.policy().outage_patience;
  if (patient && failure.peer == OnPeer::kRateLimited) return {};  // Now the lane is cooling down.
  if (patient) {
    // The lane itself holds the next attempt until it is time for a probe.
    if (lane_.paused() && demand_.inputs > 0) return {};
    if (failure.peer == OnPeer::kOverloaded || (demand_.inputs == 0 && lane_.remote())) {
      constexpr auto kLongest =
          std::chrono::duration_cast<milliseconds>(CircuitBreaker::kLongestPause);
      return Wait(Backoff(failures_, lane_.policy().retry_delay, kLongest, Jitter()));
    }
  }
  // Once patience is over, attempts that it allowed were attempts, too.
  const std::uint32_t attempt = patient ? ++counted_ : failures_;
  const auto delay = CallRetryDelay(error, attempt, Jitter(), lane_.policy());
  if (!delay) return Fail(error);
  return Wait(*delay);
}

Status LaneRetries::Wait(milliseconds delay) {
  const Clock::TimePoint until = std::min(lane_.clock().Now() + delay, scope_.deadline);
  lane_.clock().WaitUntil(until, scope_.stops.drain);
  return MayGoOn(scope_, lane_.clock().Now());
}

}  // namespace dsw
