// SPDX-License-Identifier: Apache-2.0
//
// DatasetStore on PostgreSQL, over the tables of Semantic Explorer and our own beside them.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "host/ports/dataset_store.h"
#include "host/postgres/database.h"

namespace dsw {

/// Immutable.
struct PostgresStoreOptions {
  std::int32_t default_batch_size = 100;  ///< Where neither job nor embedder says.
  /// How long batch records of runs that ended are kept.
  std::chrono::hours batch_retention = std::chrono::hours(30 * 24);
};

/// Thread-safe.
class PostgresStore final : public DatasetStore {
 public:
  /// Borrows the database.
  explicit PostgresStore(Database& database, PostgresStoreOptions options = {})
      : database_(database), options_(options) {}

  Result<Plan> LoadPlan(const Job& job) override;
  Result<std::unique_ptr<TargetClaim>> Claim(const Plan& plan, const Target& target,
                                             const Claimant& claimant) override;
  Result<std::optional<JobRange>> FindRange(const Job& job, std::int32_t number) override;
  Result<FailureCount> NoteFailure(const Job& job, const Error& error, bool counts) override;
  Result<FailureCount> Failures(const Job& job) override;
  Status ClearFailures(const Job& job) override;
  Result<RunEnd> EndFailed(const Job& job, const Error& error) override;
  Result<ExpectedPoints> OpenExpected(const Plan& plan, const Target& target) override;
  Result<std::int64_t> LastToken() override;
  Status SkipTokens(std::int64_t token) override;
  Status Health() override;

 private:
  Database& database_;
  const PostgresStoreOptions options_;
};

}  // namespace dsw
