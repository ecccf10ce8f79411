// SPDX-License-Identifier: Apache-2.0
//
// What identifies a claim to the database, and the check that it still holds.
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

/// What failures of a job, or of its range, are counted under.
std::string FailureKey(const std::string& job_id, std::int32_t range);

}  // namespace dsw
