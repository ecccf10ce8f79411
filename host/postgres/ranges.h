// SPDX-License-Identifier: Apache-2.0
//
// The ranges of a run that is shared out over the fleet.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "host/domain/job.h"
#include "host/postgres/claimed_target.h"
#include "host/postgres/database.h"

namespace dsw {

/// As TargetClaim::Split().
Result<std::vector<JobRange>> SplitIntoRanges(Database& database, const ClaimedTarget& target,
                                              std::int64_t generation, std::int64_t most_chunks);
/// As DatasetStore::FindRange().
Result<std::optional<JobRange>> FindRange(Database& database, const Job& job, std::int32_t number);

}  // namespace dsw
