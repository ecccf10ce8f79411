// SPDX-License-Identifier: Apache-2.0
//
// What is written down about a batch, a target and a job when they are done.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/base/result.h"
#include "host/domain/chunk.h"

namespace dsw {

/// A chunk that could not be embedded while its neighbours could.
struct FailedChunk {
  ChunkPosition position;
  std::string reason;
};

/// The record of one batch whose points are durable in the sink.
struct BatchRecord {
  std::vector<FailedChunk> failed;
  std::optional<std::int64_t> tokens{};
  std::chrono::milliseconds duration{0};
};

/// Counts of one run of a target; of several when added up.
struct Tally {
  std::int64_t batches = 0;
  std::int64_t chunks = 0;   ///< Embedded and stored.
  std::int64_t failed = 0;   ///< Recorded as failed.
  std::int64_t removed = 0;  ///< Stale points taken out of the sink.
  std::int64_t tokens = 0;

  Tally& operator+=(const Tally& other) {
    batches += other.batches;
    chunks += other.chunks;
    failed += other.failed;
    removed += other.removed;
    tokens += other.tokens;
    return *this;
  }
};

/// What is known about a job's failures.
struct FailureCount {
  int failures = 0;
  std::chrono::milliseconds since_first{0};
  std::optional<Error> last{};  ///< Absent when there was none.
};

/// Points of an item that its present content no longer has.
struct StaleItem {
  std::int64_t item_id = 0;
  std::int32_t keep = 0;    ///< Chunks that the item has now; 0 when it was deleted.
  std::int32_t stored = 0;  ///< Chunks that may have points; more than `keep`.
};

}  // namespace dsw
