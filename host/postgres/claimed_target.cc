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

void LockTarget(pqxx::transaction_base& transaction, const ClaimedTarget& target) {
  Exec(transaction,
       "INSERT INTO dataset_transform_targets (embedded_dataset_id) VALUES ($1::bigint) "
       "ON CONFLICT DO NOTHING",
       target.embedded_dataset_id);
  Exec(transaction,
       "SELECT FROM dataset_transform_targets WHERE embedded_dataset_id = $1::bigint FOR UPDATE",
       target.embedded_dataset_id);
}

std::string FailureKey(const std::string& job_id, std::int32_t range) {
  return range == kWholeTarget ? job_id : fmt::format("{}#{}", job_id, range);
}

}  // namespace dsw
