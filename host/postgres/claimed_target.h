// SPDX-License-Identifier: Apache-2.0
//
// What identifies a claim to the database, the check that it still holds, and the locks that
// claims and the ends of runs go through.
//
// Whoever takes several of these locks takes them in this order, so that nobody waits in a circle:
// rows of dataset_transform_targets, by their id; a lease; the ends of a transform's runs. Rows of
// runs, ranges and statistics come after them, and a target's are written by whoever holds its row,
// or by whoever takes no other lock.
#pragma once

#include <cstdint>
#include <string>

#include "host/base/result.h"
#include "host/domain/job.h"
#include "host/domain/target_state.h"
#include "host/postgres/session.h"

namespace dsw {

/// Number of the range of a claim that is for the whole target.
inline constexpr std::int32_t kWholeTarget = -1;

/// A target as one job claimed it.
struct ClaimedTarget {
  std::int64_t token = 0;  ///< 0: nothing is claimed, since there is nothing to do.
  std::int64_t embedded_dataset_id = 0;
  std::int64_t dataset_transform_id = 0;
  std::int64_t dataset_id = 0;
  std::string collection;
  std::string job_id;  ///< As the database can take it.
  Mode mode = Mode::kIncremental;
  std::int32_t range = kWholeTarget;
  ItemSpan span;

  bool whole() const { return range == kWholeTarget; }
};

/// Why the claim is gone: kFenced when it is somebody else's by now, kWithdrawn when what was
/// claimed was deleted.
Error Lost(pqxx::transaction_base& transaction, const ClaimedTarget& target);

/// Keeps anybody from taking over until the transaction ends; kFenced when somebody has.
Status Hold(pqxx::transaction_base& transaction, const ClaimedTarget& target);

/// Locks the row that all claims and changes of generation of a target go through; kWithdrawn when
/// the target was deleted.
Status LockTarget(pqxx::transaction_base& transaction, const ClaimedTarget& target);

/// Lets one run of the transform end at a time, until the transaction ends: the one after it sees
/// what the one before it wrote, which decides whether the job is over, and what adds up to the
/// transform's statistics. Of the transaction, not of the session.
void LockRunEnds(pqxx::transaction_base& transaction, std::int64_t dataset_transform_id);

/// What failures of a job, or of its range of a target, are counted under.
std::string FailureKey(const std::string& job_id, std::int64_t embedded_dataset_id,
                       std::int32_t range);

}  // namespace dsw
