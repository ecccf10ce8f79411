// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/run_batch.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "host/base/log.h"
#include "host/pipeline/embed_batch.h"

namespace dsw {
namespace {

/// A chunk that is recorded as failed has no point of an earlier text.
Status RemoveFailed(const Batch& batch, const std::vector<FailedChunk>& failed, TargetRun& run,
                    bool& sent) {
  std::vector<std::string> ids;
  for (const FailedChunk& chunk : failed) {
    const auto of_item = [&](const Chunk& each) {
      return each.item->item_id == chunk.position.item_id;
    };
    const auto any = std::find_if(batch.chunks.begin(), batch.chunks.end(), of_item);
    if (any == batch.chunks.end() || chunk.position.index >= any->item->stored_count) continue;
    ids.push_back(PointId(run.target().embedded_dataset_id, chunk.position));
  }
  return ids.empty() ? Status() : run.Remove(ids, sent);
}

/// Stores the points of the pieces and takes out those of failed chunks.
Status WritePoints(const Batch& batch, EmbeddedBatch& embedded, TargetRun& run, bool& sent) {
  for (EmbeddedPiece& piece : embedded.pieces) {
    Status stored =
        run.Store(run.MakePoints(piece.chunks, piece.truncated, std::move(piece.matrix)), sent);
    if (!stored) return Fail(std::move(stored.error()).Context("store"));
  }
  Status removed = RemoveFailed(batch, embedded.failed, run, sent);
  if (!removed) return Fail(std::move(removed.error()).Context("remove"));
  return {};
}

std::vector<std::int64_t> ItemsOf(const Batch& batch) {
  std::vector<std::int64_t> items;
  for (const Chunk& chunk : batch.chunks) {
    if (items.empty() || items.back() != chunk.item->item_id) items.push_back(chunk.item->item_id);
  }
  return items;
}

}  // namespace

Status RunBatch(const Batch& batch, TargetRun& run, ProgressMeter& meter) {
  const WorkerContext& worker = run.worker();
  const auto fail = [&](Error error) {
    return Fail(std::move(error).Context(fmt::format("batch {}", batch.number)));
  };
  const Clock::TimePoint started = worker.clock.Now();

  Result<EmbeddedBatch> embedded = EmbedBatch(batch, run);
  if (!embedded) return fail(std::move(embedded.error()).Context("embed"));
  bool sent = false;
  if (Status written = WritePoints(batch, *embedded, run, sent); !written) {
    if (sent) run.DisownIfLost(written.error(), ItemsOf(batch));
    return fail(std::move(written.error()));
  }

  const BatchRecord record{.failed = std::move(embedded->failed),
                           .tokens = embedded->tokens,
                           .duration = std::chrono::duration_cast<std::chrono::milliseconds>(
                               worker.clock.Now() - started)};
  Status recorded = run.claim().RecordBatch(batch, record);
  if (!recorded) {
    if (sent) run.DisownIfLost(recorded.error(), ItemsOf(batch));
    return fail(std::move(recorded.error()).Context("record"));
  }

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
