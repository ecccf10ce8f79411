// SPDX-License-Identifier: Apache-2.0
//
// When the next call to an upstream may depart: pace, cool-down, concurrency and circuit in one.
#pragma once

#include <cstdint>
#include <optional>

#include "host/base/clock.h"
#include "host/base/result.h"
#include "host/domain/vectors.h"
#include "host/lanes/adaptive_limit.h"
#include "host/lanes/circuit_breaker.h"
#include "host/lanes/pacer.h"
#include "host/ports/telemetry.h"

namespace dsw {

/// What a call takes of the upstream's limits. A call without inputs asks for facts: it may be
/// answered without the upstream, so its success says nothing.
struct Demand {
  std::uint64_t inputs = 0;
  std::uint64_t tokens = 0;
  /// What is sent is thought to be why it fails: that it does says nothing about the upstream.
  bool suspect = false;
};

/// The permission for one attempt.
struct Departure {
  Clock::TimePoint at;
  Demand demand{};
  /// It is to find out whether the upstream is up, with as little as possible.
  bool probe = false;

  /// Its success says that the upstream is up.
  bool counts() const { return demand.inputs > 0; }
};

/// Failures of this kind, one after another, mean that the upstream is down.
bool SaysDown(const Error& error);

/// Belongs to one thread at a time; takes the time as an argument.
class Governor {
 public:
  using TimePoint = Clock::TimePoint;
  using Duration = TimePoint::duration;

  struct Options {
    int requests_per_second = 0;  ///< 0: any number.
    int max_calls = 0;            ///< At a time; 0: any number.
    Duration timeout{};           ///< Of a call.
    Duration backoff{};           ///< First pause after a rate limit that names none; doubles.
    bool remote = true;           ///< Only then there is a circuit to open.
  };
  struct Verdict {
    std::optional<WaitReason> held{};  ///< By what; nothing: it may depart.
    TimePoint until{};  ///< When to ask again; for kConcurrency after the next Return().
  };

  explicit Governor(const Options& options);

  /// Follows the limits that a model's facts tell; `facts` holds the tightest of all models.
  void Follow(const ModelFacts& facts);

  Verdict Ask(const Demand& demand, TimePoint now) const;
  /// The call departs now, after Ask() let it.
  Departure Depart(const Demand& demand, TimePoint now);
  /// An attempt ended, with `error` or null. `jitter` in [0, 1) spreads pauses.
  void Return(const Departure& departure, const Error* error, TimePoint now, double jitter);

  /// Somebody wants to know whether the upstream is up: the next call that departs is a probe.
  void Suspect(TimePoint now) { circuit_.Suspect(now); }

  const CircuitBreaker& circuit() const { return circuit_; }
  /// When a call, or a probe, last succeeded.
  std::optional<TimePoint> last_success() const { return last_success_; }
  /// Until when the upstream asked everybody to wait.
  TimePoint cool_until() const { return cool_until_; }
  int concurrency_limit() const { return concurrency_.limit(); }

 private:
  void Succeeded(const Departure& departure, TimePoint now, bool full);
  void RateLimited(const Departure& departure, const Error& error, TimePoint now, double jitter);
  void CoolDown(const Error& error, TimePoint now);
  void Failed(const Departure& departure, TimePoint now, bool slow);
  /// It may only depart as a probe.
  bool MustProbe(const Demand& demand) const { return !circuit_.closed() && demand.inputs > 0; }
  /// What `demand` takes at present.
  Demand Load(const Demand& demand) const;

  const Options options_;
  Pacer requests_by_second_;
  Pacer requests_by_minute_;
  Pacer inputs_by_minute_;
  Pacer tokens_by_minute_;
  AdaptiveLimit concurrency_;
  CircuitBreaker circuit_;
  std::optional<TimePoint> last_success_;
  int in_flight_ = 0;
  TimePoint last_full_ = TimePoint::min();  ///< When as many were under way as may be.
  TimePoint cool_until_ = TimePoint::min();
  TimePoint last_cooled_ = TimePoint::min();
  int rate_limits_ = 0;         ///< Grows with each, shrinks with kForget successes.
  int since_rate_limited_ = 0;  ///< Successes.
};

}  // namespace dsw
