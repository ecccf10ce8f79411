// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/batcher.h"

#include <utility>

namespace dsw {

Result<std::optional<Batch>> Batcher::Next(const BatchLimits& limits) {
  Batch batch;
  BatchMeter meter(limits);
  while (meter.chunks() < limits.chunks) {
    std::optional<Chunk> chunk = std::exchange(held_back_, std::nullopt);
    if (!chunk) {
      ASSIGN_OR_RETURN(chunk, pending_.Next());
    }
    if (!chunk) break;
    if (!meter.Add(chunk->text.size())) {
      held_back_ = std::move(chunk);
      break;
    }
    batch.chunks.push_back(*std::move(chunk));
  }
  if (batch.chunks.empty()) return std::optional<Batch>();
  batch.number = ++number_;
  return std::optional<Batch>(std::move(batch));
}

}  // namespace dsw
