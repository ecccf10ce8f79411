// SPDX-License-Identifier: Apache-2.0
//
// DatasetStore on PostgreSQL, over the tables of Semantic Explorer and our own beside them.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "host/ports/dataset_store.h"
#include "host/postgres/database.h"

namespace dsw {

/// Thread-safe.
class PostgresStore final : public DatasetStore {
 public:
  /// `default_batch_size` counts where neither job nor embedder says. Borrows the database.
  PostgresStore(Database& database, std::int32_t default_batch_size)
      : database_(database), default_batch_size_(default_batch_size) {}

  Result<Plan> LoadPlan(const Job& job) override;
  Result<Counts> CountChunks(const Plan& plan, const Target& target) override;
  Result<std::unique_ptr<ChunkCursor>> OpenPending(const Plan& plan, const Target& target) override;
  Status RecordBatch(const Plan& plan, const Target& target, const Batch& batch,
                     const BatchRecord& record) override;
  Result<std::vector<StaleItem>> ListStale(const Target& target, std::int64_t after_item_id,
                                           int limit) override;
  Status RecordRemoval(const Target& target, std::span<const StaleItem> items) override;
  Status FinishTarget(const Plan& plan, const Target& target) override;
  Result<int> CountFailure(const Job& job, const Error& error) override;
  Status ClearFailures(const Job& job) override;
  Status Health() override;

 private:
  Database& database_;
  const std::int32_t default_batch_size_;
};

}  // namespace dsw
