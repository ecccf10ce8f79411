// SPDX-License-Identifier: Apache-2.0
//
// The table that says what every item's content is. Triggers keep it; what they did not see is
// caught up with here.
#pragma once

#include <cstdint>

#include "host/base/result.h"
#include "host/postgres/database.h"

namespace dsw {

/// Fills in items that have no row, as those from before the table, and drops rows of items that do
/// not exist. Costs two counts when there is nothing to do. In steps, so that writers of the
/// dataset never wait long.
Status CatchUpContents(Database& database, std::int64_t dataset_id);

/// Computes all rows of the dataset anew, for writers that went round the triggers; how many were
/// wrong.
Result<std::int64_t> RecomputeContents(Database& database, std::int64_t dataset_id);

}  // namespace dsw
