// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/dataset_store.h"

#include "host/postgres/chunk_cursor.h"
#include "host/postgres/plan_loader.h"
#include "host/postgres/records.h"

namespace dsw {

Result<Plan> PostgresStore::LoadPlan(const Job& job) {
  return dsw::LoadPlan(database_, job, default_batch_size_);
}

Result<DatasetStore::Counts> PostgresStore::CountChunks(const Plan& plan, const Target& target) {
  return dsw::CountChunks(database_, plan, target);
}

Result<std::unique_ptr<ChunkCursor>> PostgresStore::OpenPending(const Plan& plan,
                                                                const Target& target) {
  return std::unique_ptr<ChunkCursor>(
      std::make_unique<PostgresChunkCursor>(database_, MakeQuery(plan, target)));
}

Status PostgresStore::RecordBatch(const Plan& plan, const Target& target, const Batch& batch,
                                  const BatchRecord& record) {
  return dsw::RecordBatch(database_, plan, target, batch, record);
}

Result<std::vector<StaleItem>> PostgresStore::ListStale(const Target& target,
                                                        std::int64_t after_item_id, int limit) {
  return dsw::ListStale(database_, target, after_item_id, limit);
}

Status PostgresStore::RecordRemoval(const Target& target, std::span<const StaleItem> items) {
  return dsw::RecordRemoval(database_, target, items);
}

Status PostgresStore::FinishTarget(const Plan& plan, const Target& target) {
  return dsw::FinishTarget(database_, plan, target);
}

Result<int> PostgresStore::CountFailure(const Job& job, const Error& error) {
  return dsw::CountFailure(database_, job, error);
}

Status PostgresStore::ClearFailures(const Job& job) {
  return dsw::ClearFailures(database_, job);
}

Status PostgresStore::Health() {
  return CheckDatabase(database_);
}

}  // namespace dsw
