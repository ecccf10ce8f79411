// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/dataset_store.h"

#include "host/postgres/expected_points.h"
#include "host/postgres/job_failures.h"
#include "host/postgres/plan_loader.h"
#include "host/postgres/ranges.h"
#include "host/postgres/run_end.h"
#include "host/postgres/target_claim.h"

namespace dsw {

Result<Plan> PostgresStore::LoadPlan(const Job& job) {
  return dsw::LoadPlan(database_, job, options_.default_batch_size);
}

Result<std::unique_ptr<TargetClaim>> PostgresStore::Claim(const Plan& plan, const Target& target,
                                                          const Claimant& claimant) {
  ASSIGN_OR_RETURN(ClaimResult claim, TakeClaim(database_, plan, target, claimant));
  return std::unique_ptr<TargetClaim>(std::make_unique<PostgresClaim>(
      database_, std::move(claim), claimant.lease, options_.batch_retention));
}

Result<std::optional<JobRange>> PostgresStore::FindRange(const Job& job, std::int32_t number) {
  return dsw::FindRange(database_, job, number);
}

Result<FailureCount> PostgresStore::NoteFailure(const Job& job, const Error& error, bool counts) {
  return dsw::NoteFailure(database_, job, error, counts);
}

Result<FailureCount> PostgresStore::Failures(const Job& job) {
  return dsw::Failures(database_, job);
}

Status PostgresStore::ClearFailures(const Job& job) {
  return dsw::ClearFailures(database_, job);
}

Result<RunEnd> PostgresStore::EndFailed(const Job& job, const Error& error) {
  return dsw::EndFailed(database_, job, error);
}

Result<ExpectedPoints> PostgresStore::OpenExpected(const Plan& plan, const Target& target) {
  return dsw::OpenExpected(database_, plan, target);
}

Result<std::int64_t> PostgresStore::LastToken() {
  return dsw::LastToken(database_);
}

Status PostgresStore::SkipTokens(std::int64_t token) {
  return dsw::SkipTokens(database_, token);
}

Status PostgresStore::Health() {
  return CheckDatabase(database_);
}

}  // namespace dsw
