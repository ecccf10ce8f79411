// SPDX-License-Identifier: Apache-2.0
//
// Keeps a rate: so many units in a window of time, and evenly spaced.
#pragma once

#include <cstdint>
#include <deque>

#include "host/base/clock.h"

namespace dsw {

/// No window of the given length sees more units depart than the limit, wherever it begins, and
/// departures are spaced so that the limit is used up evenly. An amount over the limit counts as
/// the limit: it departs alone. Belongs to one thread at a time.
class Pacer {
 public:
  using Duration = Clock::TimePoint::duration;

  explicit Pacer(Duration window) : window_(window) {}

  /// Units per window; 0 for any number. What departed before still counts.
  void SetLimit(std::uint64_t limit) { limit_ = limit; }
  /// When `amount` may depart; a time in the past for at once.
  Clock::TimePoint Earliest(std::uint64_t amount) const;
  /// `amount` departs now.
  void Depart(std::uint64_t amount, Clock::TimePoint now);

 private:
  struct Departed {
    Clock::TimePoint at;
    std::uint64_t amount;
  };

  const Duration window_;
  std::uint64_t limit_ = 0;
  std::deque<Departed> departed_;  ///< Of the last window, in order.
  std::uint64_t sum_ = 0;          ///< Of departed_.
};

}  // namespace dsw
