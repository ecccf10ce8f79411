// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/target_claim.h"

#include "host/postgres/chunk_cursor.h"
#include "host/postgres/ranges.h"
#include "host/postgres/records.h"
#include "host/postgres/run_end.h"
#include "host/postgres/survey.h"

namespace dsw {

PostgresClaim::~PostgresClaim() {
  // It runs out by itself at worst.
  (void)Release();
}

Status PostgresClaim::Renew() {
  return RenewClaim(database_, claim_.target, lease_);
}

Status PostgresClaim::RunAlone() {
  return IsolateClaim(database_, claim_.target);
}

Status PostgresClaim::Trust() {
  return TrustClaim(database_, claim_.target);
}

Status PostgresClaim::Release() {
  if (claim_.target.token == 0 || released_.exchange(true)) return {};
  return ReleaseClaim(database_, claim_.target);
}

Result<Survey> PostgresClaim::Look(const Surroundings& surroundings) {
  ASSIGN_OR_RETURN(survey_, LookAtTarget(database_, claim_.target, surroundings));
  dimensions_ = surroundings.dimensions;
  return survey_;
}

Result<std::vector<JobRange>> PostgresClaim::Split(std::int64_t most_chunks) {
  return SplitIntoRanges(database_, claim_.target, survey_.generation, most_chunks);
}

Result<std::unique_ptr<ChunkCursor>> PostgresClaim::OpenPending() {
  return std::unique_ptr<ChunkCursor>(std::make_unique<PostgresChunkCursor>(
      database_, PendingQuery{.target = claim_.target, .generation = survey_.generation},
      survey_.pending_items));
}

Status PostgresClaim::RecordBatch(const Batch& batch, const BatchRecord& record) {
  return recorder_.Record(survey_.generation, batch, record);
}

Status PostgresClaim::Disown(std::span<const std::int64_t> items) {
  return dsw::Disown(database_, claim_.target, items);
}

Result<std::vector<StaleItem>> PostgresClaim::ListStale(std::int64_t after_item_id, int limit) {
  return dsw::ListStale(database_, claim_.target, after_item_id, limit);
}

Status PostgresClaim::RecordRemoval(std::span<const StaleItem> items) {
  return dsw::RecordRemoval(database_, claim_.target, items);
}

Status PostgresClaim::Forget(std::span<const ChunkPosition> chunks) {
  return ForgetChunks(database_, claim_.target, chunks);
}

Result<RunEnd> PostgresClaim::Finish() {
  ASSIGN_OR_RETURN(const RunEnd end, FinishRun(database_, claim_.target, dimensions_, retention_));
  released_ = true;
  return end;
}

Result<RunTotals> PostgresClaim::Totals() {
  return TotalsOf(database_, claim_.target);
}

}  // namespace dsw
