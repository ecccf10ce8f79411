// SPDX-License-Identifier: Apache-2.0
#include "host/lanes/pacer.h"

#include <algorithm>

namespace dsw {

Clock::TimePoint Pacer::Earliest(std::uint64_t amount) const {
  if (limit_ == 0 || departed_.empty()) return Clock::TimePoint::min();
  const Departed& last = departed_.back();
  const double share =
      static_cast<double>(std::min(last.amount, limit_)) / static_cast<double>(limit_);
  Clock::TimePoint earliest = last.at + std::chrono::duration_cast<Duration>(
                                            std::chrono::duration<double>(window_) * share);
  std::uint64_t in_window = sum_;
  for (const Departed& departed : departed_) {
    if (in_window + std::min(amount, limit_) <= limit_) break;
    earliest = std::max(earliest, departed.at + window_);
    in_window -= departed.amount;
  }
  return earliest;
}

void Pacer::Depart(std::uint64_t amount, Clock::TimePoint now) {
  while (!departed_.empty() && departed_.front().at + window_ <= now) {
    sum_ -= departed_.front().amount;
    departed_.pop_front();
  }
  if (limit_ == 0 || amount == 0) return;
  departed_.push_back({now, std::min(amount, limit_)});
  sum_ += departed_.back().amount;
}

}  // namespace dsw
