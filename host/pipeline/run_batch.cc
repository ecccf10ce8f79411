// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/run_batch.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "host/base/log.h"
#include "host/pipeline/call_retries.h"
#include "host/pipeline/embed_batch.h"

namespace dsw {
namespace {

Points MakePoints(EmbeddedPiece piece, const OpenedTarget& opened, PayloadStyle style) {
  PayloadWriter payload(style, {.embedded_dataset_id = opened.target.embedded_dataset_id});
  Points points;
  points.ids.reserve(piece.chunks.size());
  points.payloads.reserve(piece.chunks.size());
  for (std::size_t i = 0; i < piece.chunks.size(); ++i) {
    const Chunk& chunk = *piece.chunks[i];
    points.ids.push_back(
        PointId(opened.target.embedded_dataset_id, {chunk.item->item_id, chunk.index}));
    points.payloads.push_back(payload.Write(chunk, piece.truncated[i]));
  }
  points.vectors = std::move(piece.matrix);
  return points;
}

Status Store(const Points& points, const OpenedTarget& opened, const WorkerContext& worker,
             const JobScope& scope) {
  const std::size_t all = points.ids.size();
  const std::size_t limit = opened.sink->max_batch();
  const std::size_t most = limit == 0
                               ? worker.options.upload_batch_size
                               : std::min<std::size_t>(limit, worker.options.upload_batch_size);
  for (std::size_t first = 0; first < all; first += most) {
    const std::size_t count = std::min(most, all - first);
    RETURN_IF_ERROR(CallWithRetries<void>(worker, scope, [&](std::uint32_t attempt) {
      const Clock::TimePoint started = worker.clock.Now();
      Status stored =
          opened.sink->Upsert(JobCall(opened.plan, scope, started + worker.options.sink_timeout,
                                      points.ids[first], attempt),
                              opened.target.collection, points, first, count);
      worker.telemetry.UpsertCall(opened.sink->provider(),
                                  stored ? std::nullopt : std::optional(stored.error().code),
                                  worker.clock.Now() - started, count);
      return stored;
    }));
  }
  return {};
}

}  // namespace

Status RunBatch(const Batch& batch, const OpenedTarget& opened, const WorkerContext& worker,
                const JobScope& scope, ProgressMeter& meter) {
  const auto name = [&] { return fmt::format("batch {}", batch.number); };
  const Clock::TimePoint started = worker.clock.Now();

  Result<EmbeddedBatch> embedded = EmbedBatch(batch, opened, worker, scope);
  if (!embedded) return Fail(std::move(embedded.error()).Context(name() + ": embed"));
  for (EmbeddedPiece& piece : embedded->pieces) {
    const Points points = MakePoints(std::move(piece), opened, worker.options.payload_style);
    Status stored = Store(points, opened, worker, scope);
    if (!stored) return Fail(std::move(stored.error()).Context(name() + ": store"));
  }

  const BatchRecord record{.failed = std::move(embedded->failed),
                           .tokens = embedded->tokens,
                           .duration = std::chrono::duration_cast<std::chrono::milliseconds>(
                               worker.clock.Now() - started)};
  Status recorded = worker.datasets.RecordBatch(opened.plan, opened.target, batch, record);
  if (!recorded) return Fail(std::move(recorded.error()).Context(name() + ": record"));

  for (const FailedChunk& failed : record.failed) {
    Log(LogLevel::kWarn, "pipeline", "chunk recorded as failed",
        {{"job_id", opened.plan.job_id},
         {"item_id", std::to_string(failed.position.item_id)},
         {"chunk_index", std::to_string(failed.position.index)},
         {"reason", failed.reason}});
  }
  if (!record.failed.empty()) worker.telemetry.ChunksFailed(record.failed.size());
  meter.BatchDone(batch, record);
  return {};
}

}  // namespace dsw
