// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/progress_meter.h"

#include <chrono>

namespace dsw {

void ProgressMeter::Start(const DatasetStore::Counts& counts) {
  Progress event;
  {
    const std::lock_guard lock(mutex_);
    at_start_ = counts;
    last_published_ = worker_.clock.Now();
    event = Event();
  }
  worker_.progress.Publish(event);
}

void ProgressMeter::BatchDone(const Batch& batch, const BatchRecord& record) {
  constexpr std::chrono::seconds kQuiet{1};
  Progress event;
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
    event = Event();
  }
  worker_.progress.Publish(event);
}

void ProgressMeter::PointsRemoved(std::int64_t count) {
  const std::lock_guard lock(mutex_);
  tally_.removed += count;
}

Tally ProgressMeter::tally() const {
  const std::lock_guard lock(mutex_);
  return tally_;
}

Progress ProgressMeter::Completion(bool final) const {
  const std::lock_guard lock(mutex_);
  Progress event = Event();
  event.state = JobState::kSuccess;
  event.final = final;
  return event;
}

Progress ProgressMeter::Event() const {
  return {.job_id = plan_.job_id,
          .dataset_transform_id = plan_.dataset_transform_id,
          .embedded_dataset_id = target_.embedded_dataset_id,
          .owner_id = plan_.owner_id,
          .dataset_id = plan_.dataset_id,
          .state = JobState::kProcessing,
          .final = false,
          .chunk_count = at_start_.done + tally_.chunks,
          .total_chunks = at_start_.total,
          .failed_chunks = tally_.failed,
          .batches_done = tally_.batches,
          .tokens = tally_.tokens,
          .error = std::nullopt,
          .processing_duration = std::nullopt,
          .timestamp = worker_.clock.WallNow()};
}

}  // namespace dsw
