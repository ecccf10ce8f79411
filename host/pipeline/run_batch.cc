// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/run_batch.h"

#include <utility>

#include <fmt/format.h>

#include "host/base/log.h"
#include "host/pipeline/embed_batch.h"

namespace dsw {
namespace {

Points MakePoints(EmbeddedPiece piece, const TargetRun& run) {
  PayloadWriter payload(run.worker().options.payload_style);
  Points points;
  points.ids.reserve(piece.chunks.size());
  points.payloads.reserve(piece.chunks.size());
  for (std::size_t i = 0; i < piece.chunks.size(); ++i) {
    const Chunk& chunk = *piece.chunks[i];
    points.ids.push_back(
        PointId(run.target().embedded_dataset_id, {chunk.item->item_id, chunk.index}));
    points.payloads.push_back(payload.Write(chunk, piece.truncated[i]));
  }
  points.vectors = std::move(piece.matrix);
  return points;
}

}  // namespace

Status RunBatch(const Batch& batch, TargetRun& run, ProgressMeter& meter) {
  const WorkerContext& worker = run.worker();
  const auto name = [&] { return fmt::format("batch {}", batch.number); };
  const Clock::TimePoint started = worker.clock.Now();

  Result<EmbeddedBatch> embedded = EmbedBatch(batch, run);
  if (!embedded) return Fail(std::move(embedded.error()).Context(name() + ": embed"));
  for (EmbeddedPiece& piece : embedded->pieces) {
    const Points points = MakePoints(std::move(piece), run);
    Status stored = run.Store(points);
    if (!stored) return Fail(std::move(stored.error()).Context(name() + ": store"));
  }

  const BatchRecord record{.failed = std::move(embedded->failed),
                           .tokens = embedded->tokens,
                           .duration = std::chrono::duration_cast<std::chrono::milliseconds>(
                               worker.clock.Now() - started)};
  Status recorded = run.Record(batch, record);
  if (!recorded) return Fail(std::move(recorded.error()).Context(name() + ": record"));

  for (const FailedChunk& failed : record.failed) {
    Log(LogLevel::kWarn, "pipeline", "chunk recorded as failed",
        {{"job_id", run.plan().job_id},
         {"item_id", std::to_string(failed.position.item_id)},
         {"chunk_index", std::to_string(failed.position.index)},
         {"reason", failed.reason}});
  }
  if (!record.failed.empty()) worker.telemetry.ChunksFailed(record.failed.size());
  meter.BatchDone(batch, record);
  return {};
}

}  // namespace dsw
