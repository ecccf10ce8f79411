// SPDX-License-Identifier: Apache-2.0
//
// What a target's collection is to hold, told without reading texts: they are hashed in the server.
#pragma once

#include <cstdint>
#include <vector>

#include "host/domain/plan.h"
#include "host/ports/dataset_store.h"
#include "host/postgres/database.h"

namespace dsw {

/// Reads pages of items in order of their ids, each in a short transaction with a snapshot of its
/// own. Belongs to one thread at a time.
class PostgresExpectedCursor final : public ExpectedCursor {
 public:
  /// Borrows the database.
  PostgresExpectedCursor(Database& database, std::int64_t dataset_id,
                         std::int64_t embedded_dataset_id)
      : database_(database), dataset_id_(dataset_id), embedded_dataset_id_(embedded_dataset_id) {}

  Result<std::vector<ExpectedChunk>> NextPage() override;

 private:
  Database& database_;
  const std::int64_t dataset_id_;
  const std::int64_t embedded_dataset_id_;
  std::int64_t last_item_id_ = 0;  ///< Done with, up to and including.
};

/// As the methods of DatasetStore.
Result<ExpectedPoints> OpenExpected(Database& database, const Plan& plan, const Target& target);
Result<std::int64_t> LastToken(Database& database);
Status SkipTokens(Database& database, std::int64_t token);

}  // namespace dsw
