// SPDX-License-Identifier: Apache-2.0
//
// What is to be embedded and what has been: the worker's view of the database.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "host/base/result.h"
#include "host/domain/chunk.h"
#include "host/domain/job.h"
#include "host/domain/plan.h"
#include "host/domain/record.h"

namespace dsw {

/// Chunks of a target that still have to be embedded, in order of (item_id, index). Memory does not
/// depend on the size of the dataset or of an item. Belongs to one thread at a time.
class ChunkCursor {
 public:
  virtual ~ChunkCursor() = default;
  /// The next chunk; nothing at the end.
  virtual Result<std::optional<Chunk>> Next() = 0;
};

/// Thread-safe. Every operation may be repeated: its effect is that of doing it once. Lost
/// connections are retried inside for a few seconds before kUnavailable comes out.
class DatasetStore {
 public:
  /// Chunks of the dataset, and how many of them need no embedding (recorded before).
  struct Counts {
    std::int64_t total = 0;
    std::int64_t done = 0;
  };

  virtual ~DatasetStore() = default;

  /// What to do for a job; makes the rows of `embedded_datasets` that are missing. kNotFound when
  /// the transform, its dataset or an embedder does not exist, kInvalid when the transform is
  /// disabled or has no embedder, or the job asks for one that is not the transform's.
  virtual Result<Plan> LoadPlan(const Job& job) = 0;

  virtual Result<Counts> CountChunks(const Plan& plan, const Target& target) = 0;
  /// A chunk is pending unless a record covers it and its item's content is still what it was then;
  /// a job of Mode::kFull accepts only records of its own job_id.
  virtual Result<std::unique_ptr<ChunkCursor>> OpenPending(const Plan& plan,
                                                           const Target& target) = 0;
  /// Writes down that the batch's chunks are durable in the sink (or failed for good). One
  /// transaction: after a crash the batch is recorded whole or not at all.
  virtual Status RecordBatch(const Plan& plan, const Target& target, const Batch& batch,
                             const BatchRecord& record) = 0;

  /// Items after `after_item_id` whose points are more than their content, at most `limit`.
  virtual Result<std::vector<StaleItem>> ListStale(const Target& target, std::int64_t after_item_id,
                                                   int limit) = 0;
  /// Writes down that the points of ListStale() are out of the sink.
  virtual Status RecordRemoval(const Target& target, std::span<const StaleItem> items) = 0;

  /// Marks the target as embedded and updates its statistics.
  virtual Status FinishTarget(const Plan& plan, const Target& target) = 0;

  /// Counts one more failed delivery of a job; returns how many there were, this one included.
  virtual Result<int> CountFailure(const Job& job, const Error& error) = 0;
  /// Forgets the failures of a job: it made progress, or ended.
  virtual Status ClearFailures(const Job& job) = 0;

  /// Success while the database can be reached and has the worker's tables.
  virtual Status Health() = 0;
};

}  // namespace dsw
