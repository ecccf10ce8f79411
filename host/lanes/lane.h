// SPDX-License-Identifier: Apache-2.0
//
// The way to one upstream, an embedder's service or a sink, shared by all jobs of the process:
// calls line up and depart as the governor allows.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <stop_token>
#include <string>

#include "host/base/clock.h"
#include "host/base/result.h"
#include "host/lanes/call_policy.h"
#include "host/lanes/governor.h"
#include "host/lanes/job_scope.h"
#include "host/lanes/learned_limits.h"
#include "host/ports/telemetry.h"

namespace dsw {

/// Thread-safe.
class Lane {
 public:
  struct Options {
    std::string provider;  ///< For logs and metrics.
    CallPolicy policy;
    Origin origin = Origin::kEmbedder;  ///< Of the failures of its calls.
    bool remote = true;                 ///< Calls go to a service; else there is nothing to spare.
  };

  /// A pause that the upstream asked for and that is longer is not waited for here.
  static constexpr std::chrono::seconds kLongestPause{60};

  /// Borrows both.
  Lane(Options options, Clock& clock, Telemetry& telemetry);

  /// Follows the pace that the facts of `model` allow, together with the lane's other models.
  void Follow(const std::string& model, const ModelFacts& facts);
  /// What calls to `model` taught, over all jobs. Never null.
  std::shared_ptr<LearnedLimits> LearnedFor(const std::string& model);

  /// Waits until the call may depart, or a probe in its place; it then has to Leave() when its
  /// attempt ended. Calls depart in the order in which they came; one behind others notices its
  /// job's deadline when its turn comes. kCancelled when the job has to stop; kRateLimited when the
  /// upstream asked for a longer pause than kLongestPause; when the upstream was down for
  /// outage_patience, counted from `waiting_since` at the earliest, the last failure of a call.
  Result<Departure> Enter(const Demand& demand, const JobScope& scope,
                          Clock::TimePoint waiting_since);
  /// `error`: how the attempt failed, or null.
  void Leave(const Departure& departure, const Error* error);

  /// Calls that stand in line now.
  std::size_t waiting() const;
  /// Somebody wants to know whether the upstream is up: the next call that departs is a probe.
  void Suspect();
  /// A call, or a probe, succeeded after that.
  bool SucceededSince(Clock::TimePoint time) const;
  /// Calls wait until a probe succeeded.
  bool held() const;
  /// The upstream is down as far as is known.
  bool paused() const;
  /// To a sink: how the last write ended. Until one succeeds again, nothing is paid for that this
  /// might lose, but a little to find out.
  void Wrote(bool well) { write_failed_ = !well; }
  bool write_failed() const { return write_failed_; }
  bool remote() const { return options_.remote; }
  Origin origin() const { return options_.origin; }
  const CallPolicy& policy() const { return options_.policy; }
  Clock& clock() const { return clock_; }

 private:
  Result<Departure> AwaitTurn(std::unique_lock<std::mutex>& lock, const Demand& demand,
                              const JobScope& scope, Clock::TimePoint waiting_since);
  /// Waits in front of the others for what holds the call back.
  void Wait(std::unique_lock<std::mutex>& lock, const Governor::Verdict& verdict,
            const JobScope& scope);
  void Announce(bool was_open, int limit_before);
  /// Only the way to an embedder is told about.
  bool measured() const { return options_.origin == Origin::kEmbedder; }

  const Options options_;
  Clock& clock_;
  Telemetry& telemetry_;
  std::atomic<bool> write_failed_{false};

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  Governor governor_;
  std::deque<std::uint64_t> line_;  ///< Of waiting calls, by ticket.
  std::uint64_t next_ticket_ = 0;
  std::stop_source wake_;  ///< Ends the wait of the first in line.
  std::optional<Error> last_failure_;
  std::map<std::string, ModelFacts> facts_;
  std::map<std::string, std::shared_ptr<LearnedLimits>> learned_;
  std::minstd_rand random_;
};

}  // namespace dsw
