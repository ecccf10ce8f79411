// SPDX-License-Identifier: Apache-2.0
//
// What the worker writes down about a claimed target: batches and removed points.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "host/domain/chunk.h"
#include "host/domain/record.h"
#include "host/postgres/claimed_target.h"
#include "host/postgres/database.h"

namespace dsw {

/// Each as the method of TargetClaim with the same name; `generation` is the one that was looked
/// at.
Status RecordBatch(Database& database, const ClaimedTarget& target, std::int64_t generation,
                   const Batch& batch, const BatchRecord& record);
Status Disown(Database& database, const ClaimedTarget& target, std::span<const std::int64_t> items);
Result<std::vector<StaleItem>> ListStale(Database& database, const ClaimedTarget& target,
                                         std::int64_t after_item_id, int limit);
Status RecordRemoval(Database& database, const ClaimedTarget& target,
                     std::span<const StaleItem> items);
/// As TargetClaim::Forget().
Status ForgetChunks(Database& database, const ClaimedTarget& target,
                    std::span<const ChunkPosition> chunks);

}  // namespace dsw
