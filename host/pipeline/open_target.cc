// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/open_target.h"

#include <algorithm>
#include <utility>

#include "host/pipeline/call_retries.h"
#include "host/pipeline/embed_call.h"
#include "host/pipeline/lane_call.h"

namespace dsw {
namespace {

/// As many chunks, up to `most`, as divide the inputs of a minute with little left over.
std::size_t EvenShare(std::size_t most, std::uint32_t inputs_per_minute) {
  const std::size_t minute = inputs_per_minute;
  if (minute == 0) return most;
  most = std::min(most, minute);
  const std::size_t calls = (minute + most - 1) / most;
  return minute / calls;
}

BatchLimits LimitsOf(const EmbedderConfig& config, const ModelFacts& facts,
                     const Embedder::Limits& limits) {
  // A call that takes the tokens of a whole minute would have to wait for one without any other.
  constexpr std::uint64_t kCallsAMinute = 10;
  const std::uint64_t paced =
      facts.tokens_per_minute == 0
          ? 0
          : std::max<std::uint64_t>(1, facts.tokens_per_minute / kCallsAMinute);
  const std::size_t most =
      Tighter<std::size_t>(static_cast<std::size_t>(std::max(1, config.batch_size)),
                           Tighter(facts.max_batch, limits.max_batch));
  return {.chunks = EvenShare(most, facts.inputs_per_minute),
          .bytes = Tighter(limits.max_bytes, facts.max_request_bytes),
          .tokens = Tighter<std::uint64_t>(facts.max_request_tokens, paced),
          .bytes_per_token = static_cast<double>(facts.bytes_per_token)};
}

}  // namespace

CallContext JobCall(const Plan& plan, const JobScope& scope, Clock::TimePoint deadline,
                    std::string idempotency_key, std::uint32_t attempt) {
  return {.job_id = plan.job_id,
          .idempotency_key = std::move(idempotency_key),
          .traceparent = scope.traceparent,
          .attempt = attempt,
          .deadline = deadline,
          .cancel = scope.stops.cancel};
}

Result<OpenedTarget> OpenTarget(const Plan& plan, const Target& target,
                                const SinkOverride& sink_override, const WorkerContext& worker,
                                const JobScope& scope) {
  const PipelineOptions& options = worker.options;
  OpenedTarget opened{.plan = plan,
                      .target = target,
                      .embedder = nullptr,
                      .sink = nullptr,
                      .facts = {},
                      .batch_limits = {},
                      .lane = nullptr,
                      .learned = nullptr,
                      .proven = std::make_shared<std::atomic<bool>>(false)};
  ASSIGN_OR_RETURN(opened.embedder, worker.plugins.OpenEmbedder(target.embedder));
  ASSIGN_OR_RETURN(opened.sink, worker.plugins.OpenSink(sink_override));
  opened.lane = worker.lanes.Of(*opened.embedder);
  opened.learned = opened.lane->LearnedFor(target.embedder.model);

  Trouble trouble;
  ASSIGN_OR_RETURN(opened.facts, CallInLane<ModelFacts>(
                                     *opened.lane, Demand{}, worker, scope, trouble,
                                     [&](const Departure& departure, std::uint32_t attempt) {
                                       return opened.embedder->Describe(JobCall(
                                           plan, scope, departure.at + options.embedder_timeout,
                                           plan.job_id, attempt));
                                     }));
  opened.lane->Follow(target.embedder.model, opened.facts);
  opened.batch_limits = LimitsOf(target.embedder, opened.facts, opened.embedder->limits());
  if (opened.facts.dimensions == 0) {
    // Only a vector tells how long this model's vectors are.
    ASSIGN_OR_RETURN(const Vectors probe, EmbedProbe(opened, worker, scope));
    opened.facts.dimensions = static_cast<std::uint32_t>(probe.matrix.dimensions());
  }

  RETURN_IF_ERROR(CallWithRetries<CollectionState>(worker, scope, [&](std::uint32_t attempt) {
    return opened.sink->EnsureCollection(
        JobCall(plan, scope, worker.clock.Now() + options.sink_timeout, plan.job_id, attempt),
        {.name = target.collection,
         .dimensions = opened.facts.dimensions,
         .distance = options.distance,
         .create = options.create_collection});
  }));
  return opened;
}

}  // namespace dsw
