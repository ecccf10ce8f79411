// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/lease.h"

#include "host/base/log.h"

namespace dsw {

Lease::Lease(TargetClaim& claim, Clock::TimePoint claimed, std::chrono::milliseconds duration,
             Clock& clock)
    : claim_(claim),
      duration_(duration),
      clock_(clock),
      safe_until_(claimed + duration),
      heartbeat_(duration / 3, [this] {
        if (lost_) return;
        if (const Status renewed = Renew(); !renewed) {
          Log(LogLevel::kWarn, "pipeline", "cannot renew the claim to a target",
              {{"error", renewed.error().message}});
        }
      }) {}

Status Lease::Held() {
  if (!lost_ && clock_.Now() < safe_until_.load()) return {};
  return Renew();
}

Status Lease::Renew() {
  const std::lock_guard lock(renewing_);
  if (lost_) return Fail(Code::kFenced, "the claim to the target was lost");
  // The database counts from later than this.
  const Clock::TimePoint asked = clock_.Now();
  Status renewed = claim_.Renew();
  if (renewed) {
    safe_until_ = asked + duration_;
  } else if (renewed.error().code == Code::kFenced) {
    lost_ = true;
  }
  return renewed;
}

}  // namespace dsw
