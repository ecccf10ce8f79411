// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/embed_batch.h"

#include <cstring>
#include <span>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "host/pipeline/call_retries.h"

namespace dsw {
namespace {

using ChunkPtrs = std::span<const Chunk* const>;

ChunkPosition PositionOf(const Chunk& chunk) {
  return {chunk.item->item_id, chunk.index};
}

bool HasText(const Chunk& chunk) {
  return chunk.text.find_first_not_of(" \t\r\n\f\v") != std::string::npos;
}

Result<Vectors> Call(ChunkPtrs chunks, const Batch& batch, const OpenedTarget& opened,
                     const WorkerContext& worker, const StopSignals& stops) {
  std::vector<std::string_view> texts;
  texts.reserve(chunks.size());
  for (const Chunk* chunk : chunks) texts.push_back(chunk->text);
  const ChunkPosition first = PositionOf(*chunks.front());
  const std::string key = fmt::format("{}-{}-{}-{}-{}", opened.plan.job_id, batch.number,
                                      first.item_id, first.index, chunks.size());
  return CallWithRetries<Vectors>(worker, stops, [&](std::uint32_t attempt) {
    const Clock::TimePoint started = worker.clock.Now();
    Result<Vectors> vectors = opened.embedder->Embed(
        JobCall(opened.plan, worker, stops, worker.options.embedder_timeout, key, attempt), texts,
        InputType::kDocument);
    worker.telemetry.EmbedCall(opened.embedder->provider(),
                               vectors ? std::nullopt : std::optional(vectors.error().code),
                               worker.clock.Now() - started, texts.size());
    return vectors;
  });
}

/// Rows whose chunk did not fail, moved together.
Matrix Compact(const Vectors& vectors, std::size_t rows) {
  Matrix compact(rows, vectors.matrix.dimensions());
  std::size_t next = 0;
  for (std::size_t i = 0; i < vectors.matrix.rows(); ++i) {
    if (vectors.item_errors[i]) continue;
    const std::span<const float> row = vectors.matrix.row(i);
    std::memcpy(compact.data() + next * row.size(), row.data(), row.size_bytes());
    ++next;
  }
  return compact;
}

void Take(ChunkPtrs chunks, Vectors vectors, EmbeddedBatch& result) {
  EmbeddedPiece piece;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    if (vectors.item_errors[i]) {
      result.failed.push_back({PositionOf(*chunks[i]), vectors.item_errors[i]->message});
    } else {
      piece.chunks.push_back(chunks[i]);
      piece.truncated.push_back(vectors.truncated[i]);
    }
  }
  if (vectors.tokens) result.tokens = result.tokens.value_or(0) + *vectors.tokens;
  if (piece.chunks.empty()) return;
  piece.matrix = piece.chunks.size() == chunks.size() ? std::move(vectors.matrix)
                                                      : Compact(vectors, piece.chunks.size());
  result.pieces.push_back(std::move(piece));
}

Status Embed(ChunkPtrs chunks, const Batch& batch, const OpenedTarget& opened,
             const WorkerContext& worker, const StopSignals& stops, EmbeddedBatch& result) {
  if (chunks.empty()) return {};
  Result<Vectors> vectors = Call(chunks, batch, opened, worker, stops);
  if (vectors) {
    if (vectors->matrix.dimensions() != opened.dimensions) {
      return Fail(
          Code::kConflict,
          fmt::format("the model returned vectors of {} floats, the collection {} has {}",
                      vectors->matrix.dimensions(), opened.target.collection, opened.dimensions));
    }
    Take(chunks, *std::move(vectors), result);
    return {};
  }
  if (vectors.error().code != Code::kTooLarge) return Fail(std::move(vectors.error()));
  if (chunks.size() == 1) {
    result.failed.push_back({PositionOf(*chunks.front()), vectors.error().message});
    return {};
  }
  const std::size_t half = chunks.size() / 2;
  RETURN_IF_ERROR(Embed(chunks.first(half), batch, opened, worker, stops, result));
  return Embed(chunks.subspan(half), batch, opened, worker, stops, result);
}

}  // namespace

Result<EmbeddedBatch> EmbedBatch(const Batch& batch, const OpenedTarget& opened,
                                 const WorkerContext& worker, const StopSignals& stops) {
  EmbeddedBatch result;
  std::vector<const Chunk*> with_text;
  for (const Chunk& chunk : batch.chunks) {
    if (HasText(chunk)) {
      with_text.push_back(&chunk);
    } else {
      result.failed.push_back({PositionOf(chunk), "the chunk has no text"});
    }
  }
  RETURN_IF_ERROR(Embed(with_text, batch, opened, worker, stops, result));
  return result;
}

}  // namespace dsw
