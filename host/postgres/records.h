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

/// A batch whose points are durable in the sink. Borrows both.
struct FinishedBatch {
  const Batch* batch = nullptr;
  const BatchRecord* record = nullptr;
};

/// As TargetClaim::RecordBatch() for all of them, at least one, in one transaction; `generation`
/// is the one that was looked at.
Status RecordBatches(Database& database, const ClaimedTarget& target, std::int64_t generation,
                     std::span<const FinishedBatch> batches);
/// Each as the method of TargetClaim with the same name.
Status Disown(Database& database, const ClaimedTarget& target, std::span<const std::int64_t> items);
Result<std::vector<StaleItem>> ListStale(Database& database, const ClaimedTarget& target,
                                         std::int64_t after_item_id, int limit);
Status RecordRemoval(Database& database, const ClaimedTarget& target,
                     std::span<const StaleItem> items);
/// As TargetClaim::Forget().
Status ForgetChunks(Database& database, const ClaimedTarget& target,
                    std::span<const ChunkPosition> chunks);

}  // namespace dsw
