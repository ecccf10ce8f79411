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
  int failures = 0;                       ///< Of the last call, and of probes in its place.
  Clock::TimePoint failed_at{};           ///< When the last attempt failed.
  /// Set by the caller: its texts are thought to be why calls fail, so one attempt is enough.
  bool suspect = false;
  /// Of the last call: others succeeded while it failed, so its texts are to blame.
  bool accused = false;
};

/// Decides about the attempts of one call. Belongs to one thread.
class LaneRetries {
 public:
  /// Borrows all but `demand`.
  LaneRetries(Lane& lane, const Demand& demand, const JobScope& scope, Trouble& trouble);

  /// Waits until another attempt makes sense; an error ends the call. Rate limits, overload and an
  /// upstream that is down are waited for until the lane's patience is over; other failures that
  /// may pass are repeated as often as the policy says. A timeout ends a call that can be made
  /// smaller. What fails again, and for which the texts may be the reason, is accused once
  /// something else succeeded meanwhile; where nothing else is under way, a probe is asked for.
  Status AfterFailure(const Error& error);
  /// A probe departed in the call's place, and ended with `error` or null.
  Status AfterProbe(const Error* error);

 private:
  Status MayBeTheTexts(const Error& error);
  Status WaitFor(const Error& error);
  Status Wait(std::chrono::milliseconds delay);
  bool patient() const;

  Lane& lane_;
  const Demand demand_;
  const JobScope& scope_;
  Trouble& trouble_;
  std::uint32_t counted_ = 0;  ///< Of them those that the policy bounds.
  // Of failures that the texts may be the reason for:
  std::uint32_t alike_ = 0;
  std::optional<Clock::TimePoint> alike_since_;
  std::optional<Error> suspicion_;  ///< To be confirmed by the next probe.
  int suspicions_ = 0;
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

/// One attempt at a call, after it was let through.
template <typename T>
Result<T> CallOnce(Lane& lane, const Departure& departure, const std::function<Result<T>()>& call) {
  Passage passage(lane, departure);
  Result<T> result = call();
  if (!result && result.error().origin == Origin::kJob) result.error().origin = lane.origin();
  // What arose elsewhere says nothing of the peer.
  if (result || result.error().origin == lane.origin()) {
    passage.Ended(result ? std::nullopt : std::optional(result.error()));
  }
  return result;
}

/// Calls until it succeeds or shall not be repeated; the last result, whose error is one of the
/// lane's peer unless it says that it arose elsewhere, as in the database. `call` gets the
/// permission to depart and the number of the attempt, from 1. `probe`, if any, is called in its
/// place to find out whether the upstream is up; else the call itself is what finds out.
template <typename T>
Result<T> CallInLane(
    Lane& lane, Demand demand, const JobScope& scope, Trouble& trouble,
    const std::function<Result<T>(const Departure& departure, std::uint32_t attempt)>& call,
    const std::function<Status(const Departure& departure)>& probe = nullptr) {
  demand.suspect = trouble.suspect;
  LaneRetries retries(lane, demand, scope, trouble);
  const Clock::TimePoint began = lane.clock().Now();
  for (std::uint32_t attempt = 1;;) {
    ASSIGN_OR_RETURN(const Departure departure,
                     lane.Enter(demand, scope, trouble.since.value_or(began)));
    if (departure.probe && probe) {
      const Status up = CallOnce<void>(lane, departure, [&] { return probe(departure); });
      RETURN_IF_ERROR(retries.AfterProbe(up ? nullptr : &up.error()));
      continue;
    }
    Result<T> result = CallOnce<T>(lane, departure, [&] { return call(departure, attempt); });
    if (result) {
      trouble.since.reset();
      return result;
    }
    RETURN_IF_ERROR(retries.AfterFailure(result.error()));
    ++attempt;
  }
}

}  // namespace dsw
