// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/open_target.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "host/pipeline/call_retries.h"

namespace dsw {
namespace {

/// The smaller of two limits of which 0 means none.
template <typename T>
T Tighter(T a, T b) {
  if (a == 0 || b == 0) return std::max(a, b);
  return std::min(a, b);
}

}  // namespace

CallContext JobCall(const Plan& plan, const WorkerContext& worker, const StopSignals& stops,
                    std::chrono::milliseconds timeout, std::string idempotency_key,
                    std::uint32_t attempt) {
  return {.job_id = plan.job_id,
          .idempotency_key = std::move(idempotency_key),
          .traceparent = {},
          .attempt = attempt,
          .deadline = worker.clock.Now() + timeout,
          .cancel = stops.cancel};
}

Result<OpenedTarget> OpenTarget(const Plan& plan, const Target& target,
                                const SinkOverride& sink_override, const WorkerContext& worker,
                                const StopSignals& stops) {
  const PipelineOptions& options = worker.options;
  OpenedTarget opened{.plan = plan,
                      .target = target,
                      .embedder = nullptr,
                      .sink = nullptr,
                      .dimensions = 0,
                      .batch_limits = {}};
  ASSIGN_OR_RETURN(opened.embedder, worker.plugins.OpenEmbedder(target.embedder));
  ASSIGN_OR_RETURN(opened.sink, worker.plugins.OpenSink(sink_override));

  const auto embedder_call = [&](std::uint32_t attempt) {
    return JobCall(plan, worker, stops, options.embedder_timeout, plan.job_id, attempt);
  };
  ASSIGN_OR_RETURN(const ModelFacts facts,
                   CallWithRetries<ModelFacts>(worker, stops, [&](std::uint32_t attempt) {
                     return opened.embedder->Describe(embedder_call(attempt));
                   }));
  opened.dimensions = facts.dimensions;
  if (opened.dimensions == 0) {
    // Only a vector tells how long this model's vectors are.
    constexpr std::string_view kProbe[] = {"dimensions"};
    ASSIGN_OR_RETURN(
        const Vectors probe, CallWithRetries<Vectors>(worker, stops, [&](std::uint32_t attempt) {
          return opened.embedder->Embed(embedder_call(attempt), kProbe, InputType::kDocument);
        }));
    opened.dimensions = static_cast<std::uint32_t>(probe.matrix.dimensions());
  }

  RETURN_IF_ERROR(CallWithRetries<void>(worker, stops, [&](std::uint32_t attempt) {
    return opened.sink->EnsureCollection(
        JobCall(plan, worker, stops, options.sink_timeout, plan.job_id, attempt),
        {.name = target.collection,
         .dimensions = opened.dimensions,
         .distance = options.distance,
         .create = options.create_collection});
  }));

  const Embedder::Limits limits = opened.embedder->limits();
  opened.batch_limits = {
      .chunks = Tighter<std::size_t>(static_cast<std::size_t>(target.embedder.batch_size),
                                     Tighter(facts.max_batch, limits.max_batch)),
      .bytes = limits.max_bytes};
  return opened;
}

}  // namespace dsw
