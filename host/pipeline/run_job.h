// SPDX-License-Identifier: Apache-2.0
//
// The life of a job: from the queue to the acknowledgement, and from the job to the last record.
#pragma once

#include <optional>

#include "host/base/result.h"
#include "host/domain/job.h"
#include "host/domain/plan.h"
#include "host/domain/progress.h"
#include "host/domain/record.h"
#include "host/pipeline/worker_context.h"
#include "host/ports/job_queue.h"

namespace dsw {

/// Runs one delivery and settles it: acknowledged, to be retried, handed back, or dead-lettered.
/// Never throws; what goes wrong is logged here. A delivery that could not be settled comes back by
/// itself. Belongs to one thread at a time.
void HandleDelivery(Delivery& delivery, std::chrono::milliseconds ack_wait,
                    const WorkerContext& worker, const StopSignals& stops);

/// What a run of a job left behind, whether it succeeded or not.
struct JobRun {
  std::optional<Plan> plan;  ///< Once it was loaded.
  Tally tally;               ///< Of this delivery, over all targets.
  std::optional<Progress>
      completion;  ///< The last target's success, to be published after the ack.
};

/// Embeds what is pending of every target of the job. kCancelled when it was stopped before the end
/// or its time was up; what was recorded until then stays, and the next run goes on from there.
Status RunJob(const Job& job, const WorkerContext& worker, const JobScope& scope, JobRun& run);

}  // namespace dsw
