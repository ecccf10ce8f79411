// SPDX-License-Identifier: Apache-2.0
#include "host/lanes/lane.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "host/base/log.h"

namespace dsw {
namespace {

ModelFacts Tightest(const std::map<std::string, ModelFacts>& models) {
  ModelFacts all;
  for (const auto& [model, facts] : models) {
    all.requests_per_minute = Tighter(all.requests_per_minute, facts.requests_per_minute);
    all.inputs_per_minute = Tighter(all.inputs_per_minute, facts.inputs_per_minute);
    all.tokens_per_minute = Tighter(all.tokens_per_minute, facts.tokens_per_minute);
    all.max_concurrency = Tighter(all.max_concurrency, facts.max_concurrency);
  }
  return all;
}

Governor::Options PaceOf(const Lane::Options& options) {
  return {.requests_per_second = options.remote ? options.policy.requests_per_second : 0,
          .max_calls = options.remote ? options.policy.max_calls : 0,
          .timeout = options.policy.timeout,
          .backoff = options.policy.retry_delay,
          .remote = options.remote};
}

}  // namespace

Lane::Lane(Options options, Clock& clock, Telemetry& telemetry)
    : options_(std::move(options)),
      clock_(clock),
      telemetry_(telemetry),
      governor_(PaceOf(options_)),
      random_(std::random_device{}()) {}

void Lane::Follow(const std::string& model, const ModelFacts& facts) {
  const std::lock_guard lock(mutex_);
  facts_[model] = facts;
  governor_.Follow(Tightest(facts_));
  Announce(governor_.circuit().open(), /*limit_before=*/0);
}

std::shared_ptr<LearnedLimits> Lane::LearnedFor(const std::string& model) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<LearnedLimits>& learned = learned_[model];
  if (!learned) learned = std::make_shared<LearnedLimits>();
  return learned;
}

Result<Departure> Lane::Enter(const Demand& demand, const JobScope& scope,
                              Clock::TimePoint waiting_since) {
  std::unique_lock lock(mutex_);
  const std::uint64_t ticket = next_ticket_++;
  line_.push_back(ticket);
  const bool first =
      changed_.wait(lock, scope.stops.drain, [&] { return line_.front() == ticket; });
  Result<Departure> departure = first
                                    ? AwaitTurn(lock, demand, scope, waiting_since)
                                    : Result<Departure>(Fail(MayGoOn(scope, clock_.Now()).error()));
  line_.erase(std::find(line_.begin(), line_.end(), ticket));
  changed_.notify_all();
  return departure;
}

Result<Departure> Lane::AwaitTurn(std::unique_lock<std::mutex>& lock, const Demand& demand,
                                  const JobScope& scope, Clock::TimePoint waiting_since) {
  while (true) {
    const Clock::TimePoint now = clock_.Now();
    const Governor::Verdict verdict = governor_.Ask(demand, now);
    if (!verdict.held) return governor_.Depart(demand, now);
    RETURN_IF_ERROR(MayGoOn(scope, now));
    if (verdict.held == WaitReason::kCoolDown && verdict.until - now > kLongestPause) {
      return Fail(
          Error{.code = Code::kRateLimited,
                .message = fmt::format("{} asked for a pause", options_.provider),
                .retry_after = std::chrono::ceil<std::chrono::milliseconds>(verdict.until - now)});
    }
    const CircuitBreaker& circuit = governor_.circuit();
    if (circuit.open() && demand.inputs > 0 &&
        now - std::max(circuit.opened_at(), waiting_since) >= options_.policy.outage_patience) {
      return Fail(last_failure_.value_or(Error{Code::kUnavailable, "the provider is down"}));
    }
    Wait(lock, verdict, scope);
    if (measured()) telemetry_.EmbedWait(options_.provider, *verdict.held, clock_.Now() - now);
  }
}

void Lane::Wait(std::unique_lock<std::mutex>& lock, const Governor::Verdict& verdict,
                const JobScope& scope) {
  wake_ = std::stop_source();
  const std::stop_token woken = wake_.get_token();
  if (verdict.held == WaitReason::kConcurrency) {
    changed_.wait(lock, scope.stops.drain, [&] { return woken.stop_requested(); });
    return;
  }
  lock.unlock();
  {
    // The clock listens to one token, and two things may end the wait.
    std::stop_source either;
    const auto stop = [&either] { either.request_stop(); };
    const std::stop_callback on_woken(woken, stop);
    const std::stop_callback on_drain(scope.stops.drain, stop);
    clock_.WaitUntil(std::min(verdict.until, scope.deadline), either.get_token());
  }
  lock.lock();
}

void Lane::Leave(const Departure& departure, const Error* error) {
  const std::lock_guard lock(mutex_);
  const bool was_open = governor_.circuit().open();
  const int limit_before = governor_.concurrency_limit();
  const double jitter = std::uniform_real_distribution<>(0.0, 1.0)(random_);
  governor_.Return(departure, error, clock_.Now(), jitter);
  if (error != nullptr && SaysDown(*error)) last_failure_ = *error;
  Announce(was_open, limit_before);
  wake_.request_stop();
  changed_.notify_all();
}

std::size_t Lane::waiting() const {
  const std::lock_guard lock(mutex_);
  return line_.size();
}

void Lane::Suspect() {
  const std::lock_guard lock(mutex_);
  governor_.Suspect(clock_.Now());
  wake_.request_stop();
  changed_.notify_all();
}

bool Lane::SucceededSince(Clock::TimePoint time) const {
  const std::lock_guard lock(mutex_);
  return governor_.last_success() && *governor_.last_success() >= time;
}

bool Lane::held() const {
  const std::lock_guard lock(mutex_);
  return !governor_.circuit().closed();
}

bool Lane::paused() const {
  const std::lock_guard lock(mutex_);
  return governor_.circuit().open();
}

void Lane::Announce(bool was_open, int limit_before) {
  const int limit = governor_.concurrency_limit();
  if (measured() && limit != limit_before && limit != std::numeric_limits<int>::max()) {
    telemetry_.EmbedConcurrency(options_.provider, limit);
  }
  const bool open = governor_.circuit().open();
  if (open == was_open) return;
  if (measured()) telemetry_.EmbedCircuit(options_.provider, open);
  if (open) {
    Log(LogLevel::kWarn, "lanes", "a provider is down; calls wait for it",
        {{"provider", options_.provider},
         {"error", last_failure_ ? last_failure_->message : std::string()}});
  } else {
    Log(LogLevel::kInfo, "lanes", "a provider is up again", {{"provider", options_.provider}});
  }
}

}  // namespace dsw
