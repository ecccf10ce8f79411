// SPDX-License-Identifier: Apache-2.0
#include "host/isolation/death_record.h"

#include <algorithm>

namespace dsw {

void DeathRecord::Died(TimePoint now) {
  deaths_.push_back(now);
  while (deaths_.front() + kWindow < now) deaths_.pop_front();
  std::chrono::milliseconds pause = kFirstPause;
  for (std::size_t i = 1; i < deaths_.size() && pause < kLongestPause; ++i) pause *= 2;
  next_start_ = now + std::min(pause, kLongestPause);
  quarantined_ = quarantined_ || deaths_.size() >= kMost;
}

void DeathRecord::Clear() {
  *this = DeathRecord();
}

}  // namespace dsw
