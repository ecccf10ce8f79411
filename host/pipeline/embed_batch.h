// SPDX-License-Identifier: Apache-2.0
//
// One batch of chunks to vectors: attempts, splitting, and chunks that cannot be embedded.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "host/base/result.h"
#include "host/domain/chunk.h"
#include "host/domain/record.h"
#include "host/domain/vectors.h"
#include "host/pipeline/target_run.h"

namespace dsw {

/// Chunks that were embedded by one call: row i of `matrix` belongs to chunks[i].
struct EmbeddedPiece {
  std::vector<const Chunk*> chunks;
  std::vector<bool> truncated;
  Matrix matrix;
};

/// Every chunk of the batch is in exactly one piece or among the failed.
struct EmbeddedBatch {
  std::vector<EmbeddedPiece> pieces;
  std::vector<FailedChunk> failed;
  std::optional<std::int64_t> tokens;
};

/// Embeds the batch; no chunk costs another its vector. Chunks without text are never sent. Texts
/// that are too long are cut where the embedder says so. What is too large or timed out is made
/// smaller; of what the provider refuses, or fails at while it embeds other texts, the chunks that
/// are the reason are found by halving. Chunks that cannot be embedded by themselves are failed,
/// or, by FailedChunkPolicy::kFail, an error that names the chunk. The result borrows the batch.
/// Any error means that the batch as a whole could not be embedded now.
Result<EmbeddedBatch> EmbedBatch(const Batch& batch, TargetRun& run);

}  // namespace dsw
