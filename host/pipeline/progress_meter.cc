// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/progress_meter.h"

#include <algorithm>
#include <chrono>

namespace dsw {

void SetCounts(const RunTotals& totals, Progress& progress) {
  progress.chunk_count = totals.done;
  progress.total_chunks = totals.total;
  progress.failed_chunks = totals.failed;
  progress.batches_done = totals.batches;
  progress.tokens = totals.tokens;
  progress.processing_duration = totals.took;
}

void ProgressMeter::BatchDone(const Batch& batch, const BatchRecord& record) {
  constexpr std::chrono::seconds kQuiet{1};
  {
    const std::lock_guard lock(mutex_);
    const auto failed = static_cast<std::int64_t>(record.failed.size());
    tally_ += {.batches = 1,
               .chunks = static_cast<std::int64_t>(batch.chunks.size()) - failed,
               .failed = failed,
               .removed = 0,
               .tokens = record.tokens.value_or(0)};
    const Clock::TimePoint now = worker_.clock.Now();
    if (now - last_published_ < kQuiet) return;
    last_published_ = now;
  }
  Publish();
}

void ProgressMeter::PointsRemoved(std::int64_t count) {
  const std::lock_guard lock(mutex_);
  tally_.removed += count;
}

void ProgressMeter::Publish() {
  const std::lock_guard publishing(publishing_);
  {
    const std::lock_guard lock(mutex_);
    last_published_ = worker_.clock.Now();
  }
  const Progress now = Now();
  // Another worker may have ended the run meanwhile, and told so.
  if (!over()) worker_.progress.Publish(now);
}

Tally ProgressMeter::tally() const {
  const std::lock_guard lock(mutex_);
  return tally_;
}

bool ProgressMeter::over() const {
  const std::lock_guard lock(mutex_);
  return totals_.over;
}

Progress ProgressMeter::Now() {
  // Counts that cannot be had now are those of before.
  const Result<RunTotals> totals = claim_.Totals();
  const std::lock_guard lock(mutex_);
  if (totals) {
    totals_ = *totals;
    counted_ = tally_;
  }
  RunTotals known = totals_;
  if (!totals && totals.error().code == Code::kWithdrawn) {
    // They went with the target: what this delivery did since then nobody else knows.
    known.failed = std::min(known.failed + tally_.failed - counted_.failed, known.total);
    known.done = std::min(known.done + tally_.chunks - counted_.chunks, known.total - known.failed);
    known.batches += tally_.batches - counted_.batches;
    known.tokens += tally_.tokens - counted_.tokens;
  }
  Progress now{.job_id = plan_.job_id,
               .dataset_transform_id = plan_.dataset_transform_id,
               .embedded_dataset_id = target_.embedded_dataset_id,
               .owner_id = plan_.owner_id,
               .dataset_id = plan_.dataset_id,
               .state = JobState::kProcessing,
               .final = false,
               .timestamp = worker_.clock.WallNow()};
  SetCounts(known, now);
  return now;
}

}  // namespace dsw
