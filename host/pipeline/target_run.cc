// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/target_run.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "host/pipeline/call_limits.h"

namespace dsw {

TargetRun::TargetRun(const Plan& plan, const Target& target, const WorkerContext& worker,
                     const JobScope& scope, std::shared_ptr<Embedder> embedder,
                     std::shared_ptr<VectorSink> sink)
    : plan_(plan),
      target_(target),
      worker_(worker),
      scope_(scope),
      embedder_(std::move(embedder)),
      sink_(std::move(sink)),
      lane_(worker.lanes.Of(*embedder_)),
      sink_lane_(worker.lanes.Of(*sink_)),
      learned_(lane_->LearnedFor(target.embedder.model)) {}

Result<std::unique_ptr<TargetRun>> TargetRun::Open(const Plan& plan, const Target& target,
                                                   const SinkOverride& sink_override,
                                                   const WorkerContext& worker,
                                                   const JobScope& scope) {
  ASSIGN_OR_RETURN(auto embedder, worker.plugins.OpenEmbedder(target.embedder));
  ASSIGN_OR_RETURN(auto sink, worker.plugins.OpenSink(sink_override));
  std::unique_ptr<TargetRun> run(
      new TargetRun(plan, target, worker, scope, std::move(embedder), std::move(sink)));
  RETURN_IF_ERROR(run->Prepare());
  return run;
}

Status TargetRun::Prepare() {
  ASSIGN_OR_RETURN(facts_, Describe());
  lane_->Follow(target_.embedder.model, facts_);
  batch_limits_ = LimitsOf(target_.embedder, facts_, embedder_->limits());
  if (facts_.dimensions == 0) {
    // Only a vector tells how long this model's vectors are.
    ASSIGN_OR_RETURN(const Vectors probe, Probe());
    facts_.dimensions = static_cast<std::uint32_t>(probe.matrix.dimensions());
  }
  return EnsureCollection();
}

Result<ModelFacts> TargetRun::Describe() {
  Trouble trouble;
  return CallInLane<ModelFacts>(
      *lane_, Demand{}, scope_, trouble, [&](const Departure& departure, std::uint32_t attempt) {
        return embedder_->Describe(
            Attempt(departure.at + lane_->policy().timeout, plan_.job_id, attempt));
      });
}

Result<Vectors> TargetRun::Embed(std::span<const std::string_view> texts, std::uint64_t bytes,
                                 const std::string& key, Trouble& trouble) {
  const Demand demand{.inputs = texts.size(),
                      .tokens = learned_->LikelyTokens(bytes, batch_limits_.bytes_per_token)};
  Result<Vectors> vectors = CallInLane<Vectors>(
      *lane_, demand, scope_, trouble, [&](const Departure& departure, std::uint32_t attempt) {
        const Clock::TimePoint::duration ordinary = lane_->policy().timeout;
        const auto timeout = std::min(ordinary, departure.patience.value_or(ordinary));
        Result<Vectors> result = embedder_->Embed(Attempt(departure.at + timeout, key, attempt),
                                                  texts, InputType::kDocument);
        worker_.telemetry.EmbedCall(embedder_->provider(),
                                    result ? std::nullopt : std::optional(result.error().code),
                                    worker_.clock.Now() - departure.at, texts.size());
        return result;
      });
  if (!vectors) return vectors;
  proven_ = true;
  if (vectors->tokens) learned_->Used(bytes, *vectors->tokens);
  const std::size_t dimensions = vectors->matrix.dimensions();
  if (facts_.dimensions != 0 && dimensions != facts_.dimensions) {
    return Fail(Error{
        .code = Code::kConflict,
        .message = fmt::format("the model returned vectors of {} floats, the collection {} has {}",
                               dimensions, target_.collection, facts_.dimensions),
        .origin = Origin::kEmbedder});
  }
  return vectors;
}

Result<Vectors> TargetRun::Probe() {
  constexpr std::string_view kText[] = {"dimensions"};
  Trouble trouble;
  return Embed(kText, kText[0].size(), plan_.job_id, trouble);
}

Status TargetRun::EnsureCollection() {
  return InSinkLane(1, plan_.job_id, [&](const CallContext& context) {
    return sink_->EnsureCollection(context, {.name = target_.collection,
                                             .dimensions = facts_.dimensions,
                                             .distance = worker_.options.distance,
                                             .create = worker_.options.create_collection});
  });
}

Status TargetRun::Store(const Points& points) {
  const std::size_t all = points.ids.size();
  const std::size_t limit = sink_->max_batch();
  const std::size_t most = limit == 0
                               ? worker_.options.upload_batch_size
                               : std::min<std::size_t>(limit, worker_.options.upload_batch_size);
  for (std::size_t first = 0; first < all; first += most) {
    const std::size_t count = std::min(most, all - first);
    RETURN_IF_ERROR(InSinkLane(count, points.ids[first], [&](const CallContext& context) {
      const Clock::TimePoint started = worker_.clock.Now();
      Status stored = sink_->Upsert(context, target_.collection, points, first, count);
      worker_.telemetry.UpsertCall(sink_->provider(),
                                   stored ? std::nullopt : std::optional(stored.error().code),
                                   worker_.clock.Now() - started, count);
      return stored;
    }));
  }
  return {};
}

Status TargetRun::Remove(std::span<const std::string> ids) {
  return InSinkLane(ids.size(), ids.front(), [&](const CallContext& context) {
    return sink_->Remove(context, target_.collection, ids);
  });
}

Status TargetRun::InSinkLane(std::size_t points, const std::string& key, const SinkCall& call) {
  Trouble trouble;
  return CallInLane<void>(
      *sink_lane_, Demand{.inputs = points}, scope_, trouble,
      [&](const Departure& departure, std::uint32_t attempt) {
        return call(Attempt(departure.at + sink_lane_->policy().timeout, key, attempt));
      });
}

Status TargetRun::Record(const Batch& batch, const BatchRecord& record) {
  return worker_.datasets.RecordBatch(plan_, target_, batch, record);
}

CallContext TargetRun::Attempt(Clock::TimePoint deadline, const std::string& key,
                               std::uint32_t number) const {
  return {.job_id = plan_.job_id,
          .idempotency_key = key,
          .traceparent = scope_.traceparent,
          .attempt = number,
          .deadline = deadline,
          .cancel = scope_.stops.cancel};
}

}  // namespace dsw
