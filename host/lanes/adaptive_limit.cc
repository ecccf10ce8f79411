// SPDX-License-Identifier: Apache-2.0
#include "host/lanes/adaptive_limit.h"

#include <algorithm>
#include <limits>

namespace dsw {
namespace {

using Duration = AdaptiveLimit::Duration;

/// Moves `average` by 1/`weight` of the way to `value`.
void Blend(std::optional<Duration>& average, Duration value, int weight) {
  average = average ? *average + (value - *average) / weight : value;
}

}  // namespace

void AdaptiveLimit::SetCap(int cap) {
  cap_ = std::max(0, cap);
  if (cap_ > 0) limit_ = std::min(limit_, static_cast<double>(cap_));
}

int AdaptiveLimit::limit() const {
  return cap_ == 0 ? std::numeric_limits<int>::max() : static_cast<int>(limit_);
}

void AdaptiveLimit::Succeeded(TimePoint departed, TimePoint now, bool full) {
  constexpr int kFew = 5;
  constexpr int kMany = 50;
  constexpr int kSlower = 2;
  constexpr double kGentle = 0.9;
  cut_last_ = false;
  Blend(fast_, now - departed, kFew);
  Blend(slow_, now - departed, kMany);
  if (*fast_ > kSlower * *slow_) {
    Cut(kGentle, departed, now);
  } else if (full) {
    limit_ += limit_ < threshold_ ? 1 : 1 / limit_;
    if (cap_ > 0) limit_ = std::min(limit_, static_cast<double>(cap_));
  }
}

void AdaptiveLimit::PushedBack(TimePoint departed, TimePoint now) {
  constexpr double kHalf = 0.5;
  Cut(kHalf, departed, now);
}

void AdaptiveLimit::Cut(double factor, TimePoint departed, TimePoint now) {
  if (last_cut_ && departed < *last_cut_) return;
  last_cut_ = now;
  limit_ = std::max(1.0, limit_ * factor);
  // A series of cuts is one event: what worked before it is found again quickly.
  if (!cut_last_) threshold_ = limit_;
  cut_last_ = true;
}

}  // namespace dsw
