// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/claimed_target.h"

#include <fmt/format.h>

namespace dsw {

Error Lost(pqxx::transaction_base& transaction, const ClaimedTarget& target) {
  if (Exec(transaction,
           "SELECT FROM embedded_datasets JOIN dataset_transforms USING (dataset_transform_id) "
           "WHERE embedded_dataset_id = $1::bigint",
           target.embedded_dataset_id)
          .empty()) {
    return {.code = Code::kWithdrawn,
            .message = fmt::format("transform {} was deleted", target.dataset_transform_id)};
  }
  return {.code = Code::kFenced,
          .message = fmt::format("another worker took over embedded dataset {}",
                                 target.embedded_dataset_id)};
}

Status Hold(pqxx::transaction_base& transaction, const ClaimedTarget& target) {
  const pqxx::result held = Exec(
      transaction, "SELECT FROM dataset_transform_leases WHERE token = $1::bigint FOR KEY SHARE",
      target.token);
  if (held.empty()) return Fail(Lost(transaction, target));
  return {};
}

Status LockTarget(pqxx::transaction_base& transaction, const ClaimedTarget& target) {
  // Not by the values alone: of a target that is gone that would be the refusal of a foreign key.
  Exec(transaction,
       "INSERT INTO dataset_transform_targets (embedded_dataset_id) "
       "SELECT embedded_dataset_id FROM embedded_datasets "
       "WHERE embedded_dataset_id = $1::bigint FOR KEY SHARE "
       "ON CONFLICT DO NOTHING",
       target.embedded_dataset_id);
  const pqxx::result locked = Exec(
      transaction,
      "SELECT FROM dataset_transform_targets WHERE embedded_dataset_id = $1::bigint FOR UPDATE",
      target.embedded_dataset_id);
  if (locked.empty()) return Fail(Lost(transaction, target));
  return {};
}

void LockRunEnds(pqxx::transaction_base& transaction, std::int64_t dataset_transform_id) {
  Exec(transaction, "SELECT pg_advisory_xact_lock(hashtextextended('dsw_run_ends', $1::bigint))",
       dataset_transform_id);
}

std::string FailureKey(const std::string& job_id, std::int64_t embedded_dataset_id,
                       std::int32_t range) {
  return range == kWholeTarget ? job_id
                               : fmt::format("{}#{}/{}", job_id, embedded_dataset_id, range);
}

}  // namespace dsw
