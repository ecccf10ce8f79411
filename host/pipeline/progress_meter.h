// SPDX-License-Identifier: Apache-2.0
//
// Adds up what a target's batches did and tells observers how the job stands, not more than once a
// second.
#pragma once

#include <mutex>
#include <optional>

#include "host/domain/chunk.h"
#include "host/domain/plan.h"
#include "host/domain/progress.h"
#include "host/domain/record.h"
#include "host/pipeline/worker_context.h"

namespace dsw {

/// How far a run came, as observers are told.
void SetCounts(const RunTotals& totals, Progress& progress);

/// Observers see counts over all deliveries and workers of the job, as the database has them.
/// Thread-safe.
class ProgressMeter {
 public:
  /// Borrows all.
  ProgressMeter(const Plan& plan, const Target& target, TargetClaim& claim,
                const WorkerContext& worker)
      : plan_(plan), target_(target), claim_(claim), worker_(worker) {}

  void BatchDone(const Batch& batch, const BatchRecord& record);
  void PointsRemoved(std::int64_t count);
  /// Publishes how the job stands now, unless its run of the target is over: nothing follows what
  /// was told last.
  void Publish();

  /// Of this delivery.
  Tally tally() const;
  /// How the job stands.
  Progress Now();

 private:
  bool over() const;

  const Plan& plan_;
  const Target& target_;
  TargetClaim& claim_;
  const WorkerContext& worker_;

  std::mutex publishing_;  ///< Held while counts are on their way, so that none overtakes another.
  mutable std::mutex mutex_;
  Tally tally_;
  RunTotals totals_;  ///< As last known,
  Tally counted_;     ///< and what had been added up by then.
  Clock::TimePoint last_published_{};
};

}  // namespace dsw
