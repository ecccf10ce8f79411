// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/target_run.h"

#include <algorithm>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "host/base/log.h"
#include "host/pipeline/attempt.h"
#include "host/pipeline/call_limits.h"
#include "host/pipeline/maker.h"

namespace dsw {

TargetRun::TargetRun(const Plan& plan, const Target& target, TargetClaim& claim, Lease& lease,
                     const WorkerContext& worker, const JobScope& scope,
                     std::shared_ptr<Embedder> embedder, std::shared_ptr<VectorSink> sink,
                     bool own_sink)
    : plan_(plan),
      target_(target),
      claim_(claim),
      lease_(lease),
      worker_(worker),
      scope_(scope),
      embedder_(std::move(embedder)),
      sink_(std::move(sink)),
      own_sink_(own_sink),
      lane_(worker.lanes.Of(*embedder_)),
      sink_lane_(worker.lanes.Of(*sink_)),
      learned_(lane_->LearnedFor(target.embedder.model)) {}

Result<std::unique_ptr<TargetRun>> TargetRun::Open(const Plan& plan, const Target& target,
                                                   const SinkOverride& sink_override,
                                                   TargetClaim& claim, Lease& lease,
                                                   const WorkerContext& worker,
                                                   const JobScope& scope) {
  ASSIGN_OR_RETURN(auto embedder, worker.plugins.OpenEmbedder(target.embedder));
  const bool own_sink = sink_override.url || sink_override.api_key;
  Result<std::shared_ptr<VectorSink>> sink = worker.plugins.OpenSink(sink_override);
  if (!sink && !own_sink) {
    // Nothing that the job said: what the worker's own settings say cannot be used.
    sink.error().code = Code::kUnavailable;
    sink.error().origin = Origin::kSink;
  }
  if (!sink) return Fail(std::move(sink.error()));
  std::unique_ptr<TargetRun> run(new TargetRun(plan, target, claim, lease, worker, scope,
                                               std::move(embedder), *std::move(sink), own_sink));
  RETURN_IF_ERROR(run->Prepare());
  return run;
}

Status TargetRun::Prepare() {
  ASSIGN_OR_RETURN(facts_, DescribeModel(*embedder_, *lane_, plan_, scope_));
  lane_->Follow(target_.embedder.model, facts_);
  // That it can be read, which its health and its collections show, does not say so.
  if (sink_lane_->write_failed()) RETURN_IF_ERROR(TryToWrite());
  batch_limits_ =
      LimitsOf(target_.embedder, facts_, embedder_->limits(), worker_.options.batch_bytes);
  if (facts_.dimensions == 0) {
    // Only a vector tells how long this model's vectors are.
    Trouble trouble;
    ASSIGN_OR_RETURN(const Vectors probe, Probe(trouble));
    facts_.dimensions = static_cast<std::uint32_t>(probe.matrix.dimensions());
  }
  maker_ = MakerOf(*embedder_, target_.embedder, facts_.dimensions);
  ASSIGN_OR_RETURN(const CollectionState collection, EnsureCollection());
  ASSIGN_OR_RETURN(survey_, claim_.Look({.maker = maker_,
                                         .dimensions = facts_.dimensions,
                                         .collection_empty = collection.created || collection.empty,
                                         .collection_maker = collection.maker}));
  if (!survey_.start_over.empty()) {
    Log(LogLevel::kWarn, "pipeline", "all chunks of a target are embedded again",
        {{"job_id", plan_.job_id},
         {"collection", target_.collection},
         {"reason", survey_.start_over}});
  }
  return {};
}

Result<Vectors> TargetRun::Embed(std::span<const std::string_view> texts, std::uint64_t bytes,
                                 const std::string& key, Trouble& trouble) {
  const Demand demand{.inputs = texts.size(),
                      .tokens = learned_->LikelyTokens(bytes, batch_limits_.bytes_per_token)};
  Result<Vectors> vectors = CallInLane<Vectors>(
      *lane_, demand, scope_, trouble,
      [&](const Departure& departure, std::uint32_t attempt) {
        Result<Vectors> result = EmbedOnce(texts, key, departure, attempt);
        if (result) {
          learned_->Took(bytes, worker_.clock.Now() - departure.at, lane_->policy().timeout);
        } else if (result.error().code == Code::kTimeout && texts.size() > 1) {
          learned_->TimedOut(bytes);
        }
        return result;
      },
      [&](const Departure& departure) -> Status {
        RETURN_IF_ERROR(EmbedOnce(kProbeText, plan_.job_id, departure, 1));
        return {};
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

int TargetRun::MostBatches() const {
  const int wanted = worker_.options.batches_in_flight;
  if (wanted > 0) return wanted;
  // In this process more calls at a time than processors only take memory.
  constexpr int kMostCalls = 64;
  return embedder_->remote() ? kMostCalls
                             : static_cast<int>(std::thread::hardware_concurrency()) + 1;
}

bool TargetRun::Crowded() const {
  // The next two are ready when the lane is.
  constexpr std::size_t kReady = 2;
  return sink_lane_->write_failed() || lane_->waiting() >= kReady;
}

BatchLimits TargetRun::CallLimits() const {
  BatchLimits limits = learned_->Tighten(batch_limits_);
  // A sink may take what changes nothing and yet no points, as with a full disk.
  if (sink_lane_->write_failed()) limits.chunks = 1;
  return limits;
}

std::uint64_t TargetRun::BytesFor(const Batch& batch) const {
  // A text in the batch, the request, the payload, and what is sent of that; a float in the answer,
  // the matrix, and what is sent of it.
  constexpr std::uint64_t kCopiesOfText = 4;
  constexpr std::uint64_t kBytesPerFloat = 16;
  std::uint64_t text = 0;
  for (const Chunk& chunk : batch.chunks) text += chunk.text.size() + chunk.metadata_json.size();
  return kCopiesOfText * text + kBytesPerFloat * batch.chunks.size() * facts_.dimensions;
}

Result<Vectors> TargetRun::EmbedOnce(std::span<const std::string_view> texts,
                                     const std::string& key, const Departure& departure,
                                     std::uint32_t attempt) {
  RETURN_IF_ERROR(lease_.Held());
  Result<Vectors> result = embedder_->Embed(
      AttemptOf(plan_, key, scope_, *lane_, departure, attempt), texts, InputType::kDocument);
  worker_.telemetry.EmbedCall(embedder_->provider(),
                              result ? std::nullopt : std::optional(result.error().code),
                              worker_.clock.Now() - departure.at, texts.size());
  return result;
}

Result<Vectors> TargetRun::Probe(Trouble& trouble) {
  return Embed(kProbeText, kProbeText[0].size(), plan_.job_id, trouble);
}

Result<CollectionState> TargetRun::EnsureCollection() {
  CollectionState state;
  RETURN_IF_ERROR(InSinkLane(1, plan_.job_id, [&](const CallContext& context) -> Status {
    ASSIGN_OR_RETURN(
        state, sink_->EnsureCollection(context, {.name = target_.collection,
                                                 .dimensions = facts_.dimensions,
                                                 .distance = worker_.options.distance,
                                                 .create = worker_.options.create_collection}));
    return {};
  }));
  return state;
}

Status TargetRun::TryToWrite() {
  // No point has this id.
  const std::string nobody[] = {"00000000-0000-0000-0000-000000000000"};
  bool sent = false;
  Status removed = Remove(nobody, sent);
  // To make the collection is a write as well.
  if (!removed && removed.error().code == Code::kNotFound) return {};
  return removed;
}

Points TargetRun::MakePoints(std::span<const Chunk* const> chunks,
                             const std::vector<bool>& truncated, Matrix vectors) const {
  PayloadWriter payload(worker_.options.payload_style,
                        {.embedded_dataset_id = target_.embedded_dataset_id,
                         .maker = ShortMaker(maker_),
                         .token = claim_.token()});
  Points points;
  points.token = claim_.token();
  points.ids.reserve(chunks.size());
  points.payloads.reserve(chunks.size());
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const Chunk& chunk = *chunks[i];
    points.ids.push_back(PointId(target_.embedded_dataset_id, {chunk.item->item_id, chunk.index}));
    points.payloads.push_back(payload.Write(chunk, truncated[i]));
  }
  points.vectors = std::move(vectors);
  return points;
}

Status TargetRun::Mark() {
  return InSinkLane(1, plan_.job_id, [&](const CallContext& context) {
    return sink_->SetMaker(context, target_.collection, maker_);
  });
}

Status TargetRun::Store(const Points& points, bool& sent) {
  const std::size_t all = points.ids.size();
  const std::size_t limit = sink_->max_batch();
  const std::size_t most = limit == 0
                               ? worker_.options.upload_batch_size
                               : std::min<std::size_t>(limit, worker_.options.upload_batch_size);
  for (std::size_t first = 0; first < all; first += most) {
    const std::size_t count = std::min(most, all - first);
    RETURN_IF_ERROR(InSinkLane(count, points.ids[first], [&](const CallContext& context) {
      const Clock::TimePoint started = worker_.clock.Now();
      sent = true;
      Status stored = sink_->Upsert(context, target_.collection, points, first, count);
      worker_.telemetry.UpsertCall(sink_->provider(),
                                   stored ? std::nullopt : std::optional(stored.error().code),
                                   worker_.clock.Now() - started, count);
      if (stored || stored.error().code != Code::kCancelled) {
        sink_lane_->Wrote(stored.has_value());
      }
      return stored;
    }));
  }
  return {};
}

Status TargetRun::Remove(std::span<const std::string> ids, bool& sent) {
  return InSinkLane(ids.size(), ids.front(), [&](const CallContext& context) {
    sent = true;
    return sink_->Remove(context, target_.collection, ids, claim_.token());
  });
}

void TargetRun::DisownIfLost(const Error& error, std::span<const std::int64_t> items) {
  // A call that hung, or was cut, may have outlasted the claim as well.
  if (error.code != Code::kFenced && lease_.Held()) return;
  const Status disowned = claim_.Disown(items);
  Log(LogLevel::kWarn, "pipeline",
      "points were written when the target may have been another worker's",
      {{"job_id", plan_.job_id},
       {"next", disowned ? "the next job embeds them again"
                         : "run `worker-datasets verify`: " + disowned.error().message}});
}

Status TargetRun::InSinkLane(std::size_t points, const std::string& key, const SinkCall& call) {
  Trouble trouble;
  Status done = CallInLane<void>(
      *sink_lane_, Demand{.inputs = points}, scope_, trouble,
      [&](const Departure& departure, std::uint32_t attempt) -> Status {
        RETURN_IF_ERROR(lease_.Held());
        return call(AttemptOf(plan_, key, scope_, *sink_lane_, departure, attempt));
      });
  // What a job brings is none of the worker's own.
  if (!done && own_sink_ && done.error().origin == Origin::kSink) {
    done.error().origin = Origin::kEmbedder;
  }
  return done;
}

}  // namespace dsw
