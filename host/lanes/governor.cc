// SPDX-License-Identifier: Apache-2.0
#include "host/lanes/governor.h"

#include <algorithm>

#include "host/domain/failure.h"

namespace dsw {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Calls do not arrive as evenly as they depart: windows are a little longer than the upstream's.
constexpr milliseconds kSecond{1080};
constexpr milliseconds kMinute{60'500};

constexpr seconds kLongestBackoff{60};
constexpr std::chrono::hours kLongestCoolDown{1};

}  // namespace

bool SaysDown(const Error& error) {
  const OnPeer peer = ClassOf(error).peer;
  return peer == OnPeer::kOverloaded || peer == OnPeer::kDown || peer == OnPeer::kSlow;
}

Governor::Governor(const Options& options)
    : options_(options),
      requests_by_second_(kSecond),
      requests_by_minute_(kMinute),
      inputs_by_minute_(kMinute),
      tokens_by_minute_(kMinute),
      concurrency_(options.timeout) {
  requests_by_second_.SetLimit(
      static_cast<std::uint64_t>(std::max(0, options.requests_per_second)));
  concurrency_.SetCap(options.max_calls);
}

void Governor::Follow(const ModelFacts& facts) {
  requests_by_minute_.SetLimit(facts.requests_per_minute);
  inputs_by_minute_.SetLimit(facts.inputs_per_minute);
  tokens_by_minute_.SetLimit(facts.tokens_per_minute);
  const auto asked = static_cast<int>(facts.max_concurrency);
  const int own = options_.max_calls;
  concurrency_.SetCap(asked == 0 || own == 0 ? std::max(asked, own) : std::min(asked, own));
}

Demand Governor::Load(const Demand& demand) const {
  constexpr Demand kProbe{.inputs = 1, .tokens = 1};
  return MustProbe(demand) ? kProbe : demand;
}

Governor::Verdict Governor::Ask(const Demand& demand, TimePoint now) const {
  const Demand load = Load(demand);
  const bool probe = MustProbe(demand);
  // Calls that hang must not keep the probes from departing.
  const int limit = probe ? concurrency_.cap() : concurrency_.limit();
  if (limit > 0 && in_flight_ >= limit) return {WaitReason::kConcurrency, TimePoint::max()};
  Verdict verdict{WaitReason::kPace, requests_by_second_.Earliest(1)};
  const auto hold = [&](WaitReason reason, TimePoint until) {
    if (until > verdict.until) verdict = {reason, until};
  };
  hold(WaitReason::kPace, requests_by_minute_.Earliest(1));
  hold(WaitReason::kPace, inputs_by_minute_.Earliest(load.inputs));
  hold(WaitReason::kPace, tokens_by_minute_.Earliest(load.tokens));
  hold(WaitReason::kCoolDown, cool_until_);
  if (probe) hold(WaitReason::kCircuit, circuit_.next_probe());
  if (verdict.until <= now) verdict.held.reset();
  return verdict;
}

Departure Governor::Depart(const Demand& demand, TimePoint now) {
  const Demand load = Load(demand);
  requests_by_second_.Depart(1, now);
  requests_by_minute_.Depart(1, now);
  inputs_by_minute_.Depart(load.inputs, now);
  tokens_by_minute_.Depart(load.tokens, now);
  if (++in_flight_ >= concurrency_.limit()) last_full_ = now;
  Departure departure{.at = now, .demand = demand};
  if (MustProbe(demand)) {
    circuit_.ProbeDeparts(now);
    departure.probe = true;
  }
  return departure;
}

void Governor::Return(const Departure& departure, const Error* error, TimePoint now,
                      double jitter) {
  const bool full = last_full_ >= departure.at;
  --in_flight_;
  if (error == nullptr) {
    if (departure.counts()) Succeeded(departure, now, full);
    return;
  }
  switch (ClassOf(*error).peer) {
    case OnPeer::kNothing:
      if (departure.probe) circuit_.Dismiss();
      return;
    case OnPeer::kAnswered:
      if (departure.counts()) circuit_.Succeeded(now);
      return;
    case OnPeer::kRateLimited:
      circuit_.Succeeded(now);
      concurrency_.PushedBack(departure.at, now);
      RateLimited(departure, *error, now, jitter);
      return;
    case OnPeer::kOverloaded:
      CoolDown(*error, now);
      concurrency_.PushedBack(departure.at, now);
      Failed(departure, now, /*slow=*/false);
      return;
    case OnPeer::kSlow:
      concurrency_.PushedBack(departure.at, now);
      Failed(departure, now, /*slow=*/true);
      return;
    case OnPeer::kDown:
      CoolDown(*error, now);
      Failed(departure, now, /*slow=*/false);
      return;
  }
}

void Governor::Succeeded(const Departure& departure, TimePoint now, bool full) {
  constexpr int kForget = 10;
  circuit_.Succeeded(now);
  last_success_ = now;
  if (++since_rate_limited_ % kForget == 0) rate_limits_ = std::max(0, rate_limits_ - 1);
  if (departure.probe) return;  // It took as long as a small call takes.
  concurrency_.Succeeded(departure.at, now, departure.demand.tokens, full);
}

void Governor::CoolDown(const Error& error, TimePoint now) {
  if (!error.retry_after) return;
  cool_until_ =
      std::max(cool_until_, now + std::min<Duration>(*error.retry_after, kLongestCoolDown));
}

void Governor::RateLimited(const Departure& departure, const Error& error, TimePoint now,
                           double jitter) {
  // Calls that departed before the last pause began are told of the same excess again.
  if (departure.at >= last_cooled_) {
    constexpr int kMostDoublings = 16;
    rate_limits_ = std::min(rate_limits_ + 1, kMostDoublings);
    last_cooled_ = now;
    since_rate_limited_ = 0;
  }
  const double doubled = std::chrono::duration<double>(options_.backoff).count() *
                         static_cast<double>(std::int64_t{1} << std::max(0, rate_limits_ - 1)) *
                         (0.75 + 0.5 * jitter);
  const Duration own =
      doubled < std::chrono::duration<double>(kLongestBackoff).count()
          ? std::chrono::duration_cast<Duration>(std::chrono::duration<double>(doubled))
          : Duration(kLongestBackoff);
  const Duration asked =
      std::min<Duration>(error.retry_after.value_or(milliseconds(0)), kLongestCoolDown);
  cool_until_ = std::max(cool_until_, now + std::max(own, asked));
}

void Governor::Failed(const Departure& departure, TimePoint now, bool slow) {
  if (!options_.remote) {
    if (departure.probe) circuit_.Dismiss();
  } else if (departure.probe) {
    circuit_.ProbeFailed(departure.at, now, slow);
  } else if (!departure.demand.suspect) {
    circuit_.Failed(departure.at, now);
  }
}

}  // namespace dsw
