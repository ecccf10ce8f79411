// SPDX-License-Identifier: Apache-2.0
//
// How runs end, and what is written down about them for others: watermark, statistics, outcome.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "host/domain/job.h"
#include "host/domain/target_state.h"
#include "host/postgres/claimed_target.h"
#include "host/postgres/database.h"

namespace dsw {

/// As TargetClaim::Finish(). Batch records of runs that ended longer ago than `retention` go.
Result<RunEnd> FinishRun(Database& database, const ClaimedTarget& target, std::uint32_t dimensions,
                         std::chrono::hours retention);
/// How the job stands by the runs of its targets.
JobEnd EndOfJob(pqxx::transaction_base& transaction, const std::string& job_id);
/// As TargetClaim::Totals().
Result<RunTotals> TotalsOf(Database& database, const ClaimedTarget& target);

/// As DatasetStore::EndFailed().
Result<RunEnd> EndFailed(Database& database, const Job& job, const Error& error);

}  // namespace dsw
