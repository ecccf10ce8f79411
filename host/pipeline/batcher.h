// SPDX-License-Identifier: Apache-2.0
//
// Cuts the pending chunks into batches.
#pragma once

#include <cstdint>
#include <optional>

#include "host/base/result.h"
#include "host/domain/chunk.h"
#include "host/lanes/learned_limits.h"
#include "host/ports/dataset_store.h"

namespace dsw {

/// Belongs to one thread at a time.
class Batcher {
 public:
  explicit Batcher(ChunkCursor& pending) : pending_(pending) {}

  /// The next batch: as many consecutive pending chunks as the limits allow; nothing at the end.
  Result<std::optional<Batch>> Next(const BatchLimits& limits);

 private:
  ChunkCursor& pending_;
  std::optional<Chunk> held_back_;
  std::int64_t number_ = 0;
};

}  // namespace dsw
