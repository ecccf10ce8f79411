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
#include "host/domain/expected_chunk.h"
#include "host/domain/job.h"
#include "host/domain/plan.h"
#include "host/domain/record.h"
#include "host/domain/target_state.h"

namespace dsw {

/// Chunks of a target that still have to be embedded, in order of (item_id, index). Memory does not
/// depend on the size of the dataset or of an item. Belongs to one thread at a time.
class ChunkCursor {
 public:
  virtual ~ChunkCursor() = default;
  /// The next chunk; nothing at the end. Before an item's first chunk is handed out it is written
  /// down that points may be written for it, so that whatever a worker leaves behind that dies on
  /// the way is embedded again or removed. kFenced once the claim is lost.
  virtual Result<std::optional<Chunk>> Next() = 0;
};

/// All chunks of a dataset and what one target is to have of them, without their texts, in order of
/// (item_id, index). Belongs to one thread at a time.
class ExpectedCursor {
 public:
  virtual ~ExpectedCursor() = default;
  /// The next chunks, of whole items: some thousands, or as many as one item has. None at the end.
  virtual Result<std::vector<ExpectedChunk>> NextPage() = 0;
};

/// What a target's collection has to hold.
struct ExpectedPoints {
  std::int64_t chunks = 0;  ///< Of the dataset when this was opened.
  bool shared = false;      ///< Other embedded datasets are kept in the collection too.
  std::unique_ptr<ExpectedCursor> cursor;
};

/// The right to write the points and records of a target, or of a range of its items, for one job.
/// It holds for as long as it is renewed in time, and until it is released; once another runner has
/// taken over, everything that writes fails with kFenced and writes nothing. Thread-safe; outlived
/// by the store, the plan and the target.
class TargetClaim {
 public:
  virtual ~TargetClaim() = default;

  /// Larger than that of every claim to the target before.
  virtual std::int64_t token() const = 0;
  /// The job's run of the target (or its range) is over: there is nothing to do. So is one that was
  /// shared out and failed, for the job as a whole: what was given up of it comes by itself.
  virtual bool over() const = 0;
  /// How the job stands, once over().
  virtual JobEnd job() const = 0;
  /// A worker died at this job, or its range, beside others: it is to run alone.
  virtual bool suspected() const = 0;

  /// Writes down that no other job of this worker has anything under way, until this one has
  /// recorded a batch: should the worker die, it dies of this job.
  virtual Status RunAlone() = 0;
  /// It was alone for long, and lives: it is no suspect any more, and others may be beside it.
  virtual Status Trust() = 0;

  virtual Status Renew() = 0;
  /// Gives the right back; who was alone is no suspect any more. A lost one is left alone.
  virtual Status Release() = 0;

  /// Finds out what there is to do; to be called once, before what follows. Records are void when
  /// the job wants all embedded, the maker changed, or the collection is empty. kConflict when the
  /// collection holds vectors of a maker that is not this target's, or another target's too.
  virtual Result<Survey> Look(const Surroundings& surroundings) = 0;
  /// Cuts the claimed items into ranges of about `most_chunks` pending chunks and writes them down,
  /// once per run; those of before when they exist.
  virtual Result<std::vector<JobRange>> Split(std::int64_t most_chunks) = 0;

  /// What Look() found pending.
  virtual Result<std::unique_ptr<ChunkCursor>> OpenPending() = 0;
  /// Writes down that the batch's chunks are durable in the sink (or failed for good), whole or not
  /// at all. kWithdrawn, after it was written, once the transform is disabled or deleted.
  virtual Status RecordBatch(const Batch& batch, const BatchRecord& record) = 0;
  /// Of items whose points were written, or removed, when the claim may have been lost already:
  /// whatever anybody records of them counts no more, and the next job embeds them. Needs no claim.
  virtual Status Disown(std::span<const std::int64_t> items) = 0;

  /// Items after `after_item_id` whose points are more than their content, at most `limit`.
  virtual Result<std::vector<StaleItem>> ListStale(std::int64_t after_item_id, int limit) = 0;
  /// Writes down that the points of ListStale() are out of the sink.
  virtual Status RecordRemoval(std::span<const StaleItem> items) = 0;

  /// Takes back that these chunks were embedded, in order of (item_id, index): the next job embeds
  /// them again. Needs no Look().
  virtual Status Forget(std::span<const ChunkPosition> chunks) = 0;

  /// Ends the work on what is claimed, and the run with its last piece: marks the target as
  /// embedded, and updates its statistics. Releases the claim.
  virtual Result<RunEnd> Finish() = 0;

  /// kWithdrawn when the target was deleted.
  virtual Result<RunTotals> Totals() = 0;
};

/// Thread-safe. Every operation may be repeated: its effect is that of doing it once. Lost
/// connections are retried inside for a few seconds before kUnavailable comes out.
class DatasetStore {
 public:
  virtual ~DatasetStore() = default;

  /// What to do for a job; makes the rows of `embedded_datasets` that are missing. kNotFound when
  /// the transform, its dataset or an embedder does not exist, kInvalid when the transform has no
  /// embedder, or the job asks for one that is not the transform's, kWithdrawn when it is disabled,
  /// or was deleted after the job had begun.
  virtual Result<Plan> LoadPlan(const Job& job) = 0;

  /// Claims a target of the plan, or the job's range of it. kHeld, with retry_after, while another
  /// runner is at any of its items. A claim of the same work that was neither released nor renewed
  /// means that its worker died. Unless the job recorded batches, that makes it a suspect, and
  /// counts as its failure once it ran alone.
  virtual Result<std::unique_ptr<TargetClaim>> Claim(const Plan& plan, const Target& target,
                                                     const Claimant& claimant) = 0;

  /// Range number `number` of a job that names its target; nothing beyond the last.
  virtual Result<std::optional<JobRange>> FindRange(const Job& job, std::int32_t number) = 0;

  /// Remembers a failed delivery of a job, as one more if it `counts`; all so far, this one
  /// included.
  virtual Result<FailureCount> NoteFailure(const Job& job, const Error& error, bool counts) = 0;
  /// Failed deliveries of a job so far.
  virtual Result<FailureCount> Failures(const Job& job) = 0;
  /// Forgets the failures of a job: it made progress, or ended.
  virtual Status ClearFailures(const Job& job) = 0;

  /// Writes down that the job, or its range, ended without success. What has succeeded by then
  /// stays so, and what was shared out goes on while ranges of it wait.
  virtual Result<RunEnd> EndFailed(const Job& job, const Error& error) = 0;

  /// What the target's collection is to hold, by the records of its present generation and by the
  /// contents that the items are known to have.
  virtual Result<ExpectedPoints> OpenExpected(const Plan& plan, const Target& target) = 0;
  /// No claim from now on has a smaller token, and none has had a larger one so far.
  virtual Result<std::int64_t> LastToken() = 0;
  /// Claims from now on, to targets that were claimed before, have tokens beyond `token`. For a
  /// database whose clock was put back: sinks keep points of larger tokens against all that is
  /// written with smaller ones.
  virtual Status SkipTokens(std::int64_t token) = 0;

  /// Success while the database can be reached and has the worker's tables.
  virtual Status Health() = 0;
};

}  // namespace dsw
