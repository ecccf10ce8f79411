// SPDX-License-Identifier: Apache-2.0
#include "host/lanes/adaptive_limit.h"

#include <algorithm>
#include <chrono>

namespace dsw {

void AdaptiveLimit::Slowness::Add(double value, bool alone) {
  constexpr double kFew = 5;
  constexpr double kMany = 1000;
  // Nothing is faster than a clock can tell.
  value = std::max(value, 1e-9);
  late = late == 0 ? value : late + (value - late) / kFew;
  best = alone || late < best ? late : best + (late - best) / kMany;
}

void AdaptiveLimit::SetCap(int cap) {
  cap_ = std::max(0, cap);
  if (cap_ > 0) limit_ = std::min(limit_, static_cast<double>(cap_));
}

int AdaptiveLimit::limit() const {
  return cap_ == 0 ? std::numeric_limits<int>::max() : static_cast<int>(limit_);
}

void AdaptiveLimit::Succeeded(TimePoint departed, TimePoint now, std::uint64_t load, bool full) {
  constexpr double kSlow = 3;
  constexpr double kFlat = 1.5;
  constexpr double kGentle = 0.9;
  constexpr int kRoom = 4;
  cut_last_ = false;
  const double took = std::chrono::duration<double>(now - departed).count();
  const bool alone = limit() == 1;
  per_call_.Add(took, alone);
  per_load_.Add(took / static_cast<double>(std::max<std::uint64_t>(1, load)), alone);
  // Calls of different sizes differ in one of the two and say nothing about the service.
  const double slower = std::min(per_call_.factor(), per_load_.factor());
  if (slower > kSlow) {
    Cut(kGentle, departed, now);
  } else if (full && kRoom * (now - departed) <= timeout_) {
    limit_ += limit_ < threshold_ && slower < kFlat ? 1 : 1 / limit_;
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
