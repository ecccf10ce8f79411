// SPDX-License-Identifier: Apache-2.0
#include "host/lanes/lane_call.h"

#include <algorithm>
#include <utility>

#include "host/domain/failure.h"
#include "host/lanes/call_retries.h"

namespace dsw {

using std::chrono::milliseconds;

LaneRetries::LaneRetries(Lane& lane, const Demand& demand, const JobScope& scope, Trouble& trouble)
    : lane_(lane), demand_(demand), scope_(scope), trouble_(trouble) {
  trouble_.accused = false;
  trouble_.failures = 0;
}

Status LaneRetries::AfterFailure(const Error& error) {
  const FailureClass& failure = ClassOf(error);
  ++trouble_.failures;
  trouble_.failed_at = lane_.clock().Now();
  if (!trouble_.since) trouble_.since = trouble_.failed_at;
  const bool slow = failure.peer == OnPeer::kSlow;
  if (slow && demand_.inputs > 1) return Fail(error);
  // Who asks for a pause speaks of itself.
  const bool texts = failure.batch == OnBatch::kFindChunk || slow ||
                     (failure.batch == OnBatch::kFindChunkAtLast && scope_.last_attempt);
  if (texts && failure.peer != OnPeer::kAnswered && demand_.inputs > 0 && !error.retry_after) {
    return MayBeTheTexts(error);
  }
  return WaitFor(error);
}

Status LaneRetries::MayBeTheTexts(const Error& error) {
  // A small call is not worth more attempts than it takes to find the text; an upstream that is
  // overloaded fails many a call.
  constexpr std::uint32_t kOverloads = 6;
  const bool overload = ClassOf(error).peer == OnPeer::kOverloaded;
  const std::uint32_t enough = overload ? kOverloads : demand_.inputs > 2 ? 2 : 1;
  if (demand_.suspect) {
    trouble_.accused = true;
    return Fail(error);
  }
  if (!alike_since_) alike_since_ = trouble_.failed_at;
  ++alike_;
  const bool last = !overload && !CallRetryDelay(error, alike_, Jitter(), lane_.policy());
  const bool slow = ClassOf(error).peer == OnPeer::kSlow;
  if (alike_ < enough && !last && !slow) return WaitFor(error);
  if (lane_.SucceededSince(*alike_since_)) {
    trouble_.accused = true;
    return Fail(error);
  }
  if (suspicions_++ > 0 && !patient()) return Fail(error);
  suspicion_ = error;
  if (enough == 1 && !last && !slow) RETURN_IF_ERROR(WaitFor(error));
  lane_.Suspect();
  return {};
}

Status LaneRetries::AfterProbe(const Error* error) {
  if (error != nullptr) ++trouble_.failures;
  const std::optional<Error> suspicion = std::exchange(suspicion_, std::nullopt);
  if (!suspicion) return {};
  if (error == nullptr) {
    trouble_.accused = true;
    return Fail(*suspicion);
  }
  // It was not about the texts, so whatever comes next is judged anew.
  alike_ = 0;
  alike_since_.reset();
  const bool waits = SaysDown(*error) || ClassOf(*error).peer == OnPeer::kRateLimited;
  if (waits && lane_.remote()) return {};
  return Fail(*suspicion);
}

Status LaneRetries::WaitFor(const Error& error) {
  if (error.repeat == false) return Fail(error);
  if (error.retry_after && *error.retry_after > Lane::kLongestPause) return Fail(error);
  const FailureClass& failure = ClassOf(error);
  const auto failures = static_cast<std::uint32_t>(trouble_.failures);
  const bool waits = failure.call == OnCall::kPatience && patient();
  if (waits) {
    if (failure.peer == OnPeer::kRateLimited) return {};  // Now the lane is cooling down.
    // The lane itself holds the next attempt until it is time for a probe.
    if (lane_.held() && demand_.inputs > 0) return {};
    // Too few calls in a row may fail for the circuit to notice.
    const bool down = lane_.remote() && (demand_.inputs == 0 || failure.peer == OnPeer::kDown);
    if (down || failure.peer == OnPeer::kOverloaded) {
      constexpr auto kLongest =
          std::chrono::duration_cast<milliseconds>(CircuitBreaker::kLongestPause);
      return Wait(Backoff(failures, lane_.policy().retry_delay, kLongest, Jitter()));
    }
  }
  // Once patience is over, attempts that it allowed were attempts, too.
  const std::uint32_t attempt = waits ? ++counted_ : failures;
  const auto delay = CallRetryDelay(error, attempt, Jitter(), lane_.policy());
  if (!delay) return Fail(error);
  return Wait(*delay);
}

bool LaneRetries::patient() const {
  return lane_.clock().Now() - *trouble_.since < lane_.policy().outage_patience;
}

Status LaneRetries::Wait(milliseconds delay) {
  const Clock::TimePoint until = std::min(lane_.clock().Now() + delay, scope_.deadline);
  lane_.clock().WaitUntil(until, scope_.stops.drain);
  return MayGoOn(scope_, lane_.clock().Now());
}

}  // namespace dsw
