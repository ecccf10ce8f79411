// SPDX-License-Identifier: Apache-2.0
//
// Repeats a call to an upstream for as long as its failures are likely to pass.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "host/base/result.h"
#include "host/lanes/job_scope.h"
#include "host/lanes/lane.h"

namespace dsw {

/// What went wrong so far with a unit of work, over all its attempts and parts.
struct Trouble {
  std::optional<Clock::TimePoint> since;  ///< Nothing succeeded since then.
  int timeouts = 0;                       ///< Of the present call.
};

/// Timeouts of a call with several inputs after which it has to be made smaller.
inline constexpr int kTimeoutsBeforeSplit = 2;

/// Decides about the attempts of one call. Belongs to one thread.
class LaneRetries {
 public:
  /// Borrows all but `demand`.
  LaneRetries(const Lane& lane, const Demand& demand, const JobScope& scope, Trouble& trouble);

  /// Waits until another attempt makes sense; an error ends the call. Rate limits, overload and an
  /// upstream that is down are waited for until the lane's patience is over; other failures that
  /// may pass are repeated as often as the policy says.
  Status AfterFailure(const Error& error, const Departure& departure);

 private:
  Status Wait(std::chrono::milliseconds delay);

  const Lane& lane_;
  const Demand demand_;
  const JobScope& scope_;
  Trouble& trouble_;
  std::uint32_t failures_ = 0;
  std::uint32_t counted_ = 0;  ///< Of them those that the policy bounds.
};

/// Leaves the lane in any case: an exception must not occupy it for ever.
class Passage {
 public:
  Passage(Lane& lane, const Departure& departure) : lane_(lane), departure_(departure) {}
  Passage(const Passage&) = delete;
  Passage& operator=(const Passage&) = delete;
  ~Passage() { lane_.Leave(departure_, error_ ? &*error_ : nullptr); }
  void Ended(std::optional<Error> error) { error_ = std::move(error); }

 private:
  Lane& lane_;
  const Departure departure_;
  std::optional<Error> error_ = Error{Code::kInternal, "the call was broken off"};
};

/// Calls until it succeeds or shall not be repeated; the last result, whose error is one of the
/// lane's peer unless it says that it arose in this process. `call` gets the permission to depart
/// and the number of the attempt, from 1.
template <typename T>
Result<T> CallInLane(
    Lane& lane, const Demand& demand, const JobScope& scope, Trouble& trouble,
    const std::function<Result<T>(const Departure& departure, std::uint32_t attempt)>& call) {
  LaneRetries retries(lane, demand, scope, trouble);
  const Clock::TimePoint began = lane.clock().Now();
  for (std::uint32_t attempt = 1;; ++attempt) {
    ASSIGN_OR_RETURN(const Departure departure,
                     lane.Enter(demand, scope, trouble.since.value_or(began)));
    Result<T> result;
    {
      Passage passage(lane, departure);
      result = call(departure, attempt);
      if (!result && result.error().origin != Origin::kWorker) {
        result.error().origin = lane.origin();
      }
      passage.Ended(result ? std::nullopt : std::optional(result.error()));
    }
    if (result) {
      trouble.since.reset();
      return result;
    }
    RETURN_IF_ERROR(retries.AfterFailure(result.error(), departure));
  }
}

}  // namespace dsw
