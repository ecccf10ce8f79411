// SPDX-License-Identifier: Apache-2.0
#include "host/lanes/circuit_breaker.h"

#include <algorithm>

namespace dsw {

void CircuitBreaker::ProbeDeparts(TimePoint now) {
  // From the departure, not from the answer: a probe that hangs must not hold up the next.
  pause_ = std::min(2 * pause_, kLongestPause);
  next_probe_ = now + pause_;
}

void CircuitBreaker::Succeeded(TimePoint now) {
  failures_ = 0;
  last_success_ = now;
  opened_at_.reset();
}

void CircuitBreaker::Failed(TimePoint departed, TimePoint now) {
  if (last_success_ && departed < *last_success_) return;
  if (++failures_ < kFailures || open()) return;
  opened_at_ = now;
  pause_ = kFirstPause;
  next_probe_ = now + pause_;
}

}  // namespace dsw
