// SPDX-License-Identifier: Apache-2.0
//
// Keeps a claim to a target alive, and knows when it may have been lost.
#pragma once

#include <atomic>
#include <chrono>
#include <mutex>

#include "host/base/clock.h"
#include "host/base/result.h"
#include "host/pipeline/heartbeat.h"
#include "host/ports/dataset_store.h"

namespace dsw {

/// Renews the claim three times in its duration, from a thread of its own. Thread-safe.
class Lease {
 public:
  /// Borrows the claim, which was taken at `claimed` (by `clock`) for `duration`.
  Lease(TargetClaim& claim, Clock::TimePoint claimed, std::chrono::milliseconds duration,
        Clock& clock);

  /// To be asked before anything that costs money or is seen by others. Success while nobody else
  /// can have taken over; asks the database when that is not certain, as after the process was
  /// stopped for a while. kFenced once somebody has.
  Status Held();

 private:
  Status Renew();

  TargetClaim& claim_;
  const std::chrono::milliseconds duration_;
  Clock& clock_;
  std::mutex renewing_;
  std::atomic<Clock::TimePoint> safe_until_;
  std::atomic<bool> lost_ = false;
  const Heartbeat heartbeat_;
};

}  // namespace dsw
