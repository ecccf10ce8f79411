// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/batcher.h"

#include <utility>

namespace dsw {

Result<std::optional<Batch>> Batcher::Next() {
  Batch batch;
  std::uint64_t bytes = 0;
  while (batch.chunks.size() < limits_.chunks) {
    std::optional<Chunk> chunk = std::exchange(held_back_, std::nullopt);
    if (!chunk) {
      ASSIGN_OR_RETURN(chunk, pending_.Next());
    }
    if (!chunk) break;
    const std::uint64_t size = chunk->text.size();
    if (limits_.bytes > 0 && !batch.chunks.empty() && bytes + size > limits_.bytes) {
      held_back_ = std::move(chunk);
      break;
    }
    bytes += size;
    batch.chunks.push_back(*std::move(chunk));
  }
  if (batch.chunks.empty()) return std::optional<Batch>();
  batch.number = ++number_;
  return std::optional<Batch>(std::move(batch));
}

}  // namespace dsw
