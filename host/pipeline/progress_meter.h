// SPDX-License-Identifier: Apache-2.0
//
// Adds up what a target's batches did and tells observers about it, not more than once a second.
#pragma once

#include <mutex>

#include "host/domain/chunk.h"
#include "host/domain/plan.h"
#include "host/domain/progress.h"
#include "host/domain/record.h"
#include "host/pipeline/worker_context.h"

namespace dsw {

/// Thread-safe.
class ProgressMeter {
 public:
  /// Borrows all three.
  ProgressMeter(const Plan& plan, const Target& target, const WorkerContext& worker)
      : plan_(plan), target_(target), worker_(worker) {}

  /// Publishes the target's first event.
  void Start(const DatasetStore::Counts& counts);
  void BatchDone(const Batch& batch, const BatchRecord& record);
  void PointsRemoved(std::int64_t count);

  /// Of this run.
  Tally tally() const;
  /// The event that the target succeeded.
  Progress Completion(bool final) const;

 private:
  Progress Event() const;

  const Plan& plan_;
  const Target& target_;
  const WorkerContext& worker_;

  mutable std::mutex mutex_;
  DatasetStore::Counts at_start_;
  Tally tally_;
  Clock::TimePoint last_published_{};
};

}  // namespace dsw
