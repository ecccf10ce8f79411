// SPDX-License-Identifier: Apache-2.0
//
// What the worker writes down: batches, removed points, finished targets, failed deliveries.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "host/domain/chunk.h"
#include "host/domain/job.h"
#include "host/domain/plan.h"
#include "host/domain/record.h"
#include "host/ports/dataset_store.h"
#include "host/postgres/database.h"

namespace dsw {

/// Each as the method of DatasetStore with the same name.
Result<DatasetStore::Counts> CountChunks(Database& database, const Plan& plan,
                                         const Target& target);
Status RecordBatch(Database& database, const Plan& plan, const Target& target, const Batch& batch,
                   const BatchRecord& record);
Result<std::vector<StaleItem>> ListStale(Database& database, const Target& target,
                                         std::int64_t after_item_id, int limit);
Status RecordRemoval(Database& database, const Target& target, std::span<const StaleItem> items);
Status FinishTarget(Database& database, const Plan& plan, const Target& target);
Result<int> CountFailure(Database& database, const Job& job, const Error& error);
Status ClearFailures(Database& database, const Job& job);

}  // namespace dsw
