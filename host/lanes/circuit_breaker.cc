// SPDX-License-Identifier: Apache-2.0
#include "host/lanes/circuit_breaker.h"

#include <algorithm>

namespace dsw {

void CircuitBreaker::ProbeDeparts(TimePoint now) {
  // From the departure, not from the answer: a probe that hangs must not hold up the next.
  next_probe_ = now + pause_;
  pause_ = std::min(2 * pause_, kLongestPause);
}

void CircuitBreaker::Succeeded(TimePoint now) {
  state_ = State::kClosed;
  failures_ = 0;
  last_success_ = now;
}

void CircuitBreaker::Failed(TimePoint departed, TimePoint now) {
  if (Outdated(departed) || !closed()) return;
  if (++failures_ >= kFailures) Suspect(now);
}

void CircuitBreaker::ProbeFailed(TimePoint departed, TimePoint now, bool slow) {
  if (Outdated(departed) || state_ != State::kSuspect) return;
  if (slow && ++slow_probes_ < kFailures) return;
  state_ = State::kOpen;
  opened_at_ = now;
  pause_ = kFirstPause;
  ProbeDeparts(now);
}

void CircuitBreaker::Suspect(TimePoint now) {
  if (!closed()) return;
  state_ = State::kSuspect;
  slow_probes_ = 0;
  pause_ = kFirstPause;
  next_probe_ = now;
}

void CircuitBreaker::Dismiss() {
  if (state_ != State::kSuspect) return;
  state_ = State::kClosed;
  failures_ = 0;
}

}  // namespace dsw
