// SPDX-License-Identifier: Apache-2.0
//
// TargetClaim on PostgreSQL.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <span>
#include <vector>

#include "host/ports/dataset_store.h"
#include "host/postgres/batch_recorder.h"
#include "host/postgres/claims.h"
#include "host/postgres/database.h"

namespace dsw {

/// What Look() found goes into the other methods; it comes before them, on one thread.
class PostgresClaim final : public TargetClaim {
 public:
  /// Borrows the database.
  PostgresClaim(Database& database, ClaimResult claim, std::chrono::milliseconds lease,
                std::chrono::hours batch_retention)
      : database_(database), claim_(std::move(claim)), lease_(lease), retention_(batch_retention) {}
  /// Releases what is still claimed.
  ~PostgresClaim() override;

  std::int64_t token() const override { return claim_.target.token; }
  bool over() const override { return claim_.over; }
  JobEnd job() const override { return claim_.job; }
  bool suspected() const override { return claim_.suspected; }
  Status RunAlone() override;
  Status Trust() override;
  Status Renew() override;
  Status Release() override;
  Result<Survey> Look(const Surroundings& surroundings) override;
  Result<std::vector<JobRange>> Split(std::int64_t most_chunks) override;
  Result<std::unique_ptr<ChunkCursor>> OpenPending() override;
  Status RecordBatch(const Batch& batch, const BatchRecord& record) override;
  Status Disown(std::span<const std::int64_t> items) override;
  Result<std::vector<StaleItem>> ListStale(std::int64_t after_item_id, int limit) override;
  Status RecordRemoval(std::span<const StaleItem> items) override;
  Status Forget(std::span<const ChunkPosition> chunks) override;
  Result<RunEnd> Finish() override;
  Result<RunTotals> Totals() override;

 private:
  Database& database_;
  const ClaimResult claim_;
  const std::chrono::milliseconds lease_;
  const std::chrono::hours retention_;
  BatchRecorder recorder_{database_, claim_.target};
  std::atomic<bool> released_ = false;
  Survey survey_;
  std::uint32_t dimensions_ = 0;
};

}  // namespace dsw
