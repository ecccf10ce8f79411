// SPDX-License-Identifier: Apache-2.0
//
// Compares what the database says of a target with what its collection holds.
#pragma once

#include <cstdint>

#include "host/base/result.h"
#include "host/domain/plan.h"
#include "host/lanes/job_scope.h"
#include "host/pipeline/lease.h"
#include "host/pipeline/worker_context.h"
#include "host/ports/dataset_store.h"

namespace dsw {

/// What was found. Points of others in the same collection are not counted.
struct Verification {
  std::int64_t chunks = 0;       ///< Of the dataset.
  std::int64_t points = 0;       ///< Of the target, right or wrong.
  std::int64_t pending = 0;      ///< Chunks that are still to be embedded; nothing is wrong there.
  std::int64_t missing = 0;      ///< Embedded, but without a point.
  std::int64_t orphaned = 0;     ///< Points that no chunk is to have.
  std::int64_t stale = 0;        ///< Made of another text than the chunk's.
  std::int64_t other_model = 0;  ///< Made by another model, or with other settings.
  /// Largest token of a claim that points were written under, if the database would not give it
  /// yet: its clock was put back. Until it catches up, the sink keeps those points against all
  /// jobs. 0 otherwise.
  std::int64_t future_token = 0;

  bool clean() const { return missing + orphaned + stale + other_model == 0 && future_token == 0; }
};

/// How much is held and asked for at a time. Immutable.
struct VerifyLimits {
  std::int64_t chunks_per_pass = 1'000'000;  ///< Expected points in memory.
  std::uint32_t points_per_page = 1000;
  std::size_t changes_per_call = 1000;  ///< Points removed, or records taken back, at a time.
};

/// Mends as it goes: takes back the records of chunks whose points are wrong or missing, so that
/// they are pending, and removes orphaned points from the sink.
struct Mending {
  TargetClaim& claim;
  Lease& lease;
};

/// Reads both sides once for each million chunks, and holds no more in memory than that. Without a
/// claim, what a job does to the target meanwhile may show as wrong. kInvalid when the sink cannot
/// list its points. `mending` may be null.
Result<Verification> VerifyTarget(const Plan& plan, const Target& target,
                                  const WorkerContext& worker, const JobScope& scope,
                                  const Mending* mending = nullptr,
                                  const VerifyLimits& limits = {});

}  // namespace dsw
