// SPDX-License-Identifier: Apache-2.0
//
// Cuts the pending chunks into batches.
#pragma once

#include <cstdint>
#include <optional>

#include "host/base/result.h"
#include "host/domain/chunk.h"
#include "host/ports/dataset_store.h"

namespace dsw {

/// What a batch may hold. A chunk that is over `bytes` by itself is a batch by itself.
struct BatchLimits {
  std::size_t chunks = 100;  ///< At least 1.
  std::uint64_t bytes = 0;   ///< Of text; 0 for any amount.
};

/// Belongs to one thread at a time.
class Batcher {
 public:
  Batcher(ChunkCursor& pending, const BatchLimits& limits) : pending_(pending), limits_(limits) {}

  /// The next batch: as many consecutive pending chunks as the limits allow; nothing at the end.
  Result<std::optional<Batch>> Next();

 private:
  ChunkCursor& pending_;
  const BatchLimits limits_;
  std::optional<Chunk> held_back_;
  std::int64_t number_ = 0;
};

}  // namespace dsw
