// SPDX-License-Identifier: Apache-2.0
//
// The life of a job: from the queue to the acknowledgement, and from the job to the last record.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "host/base/result.h"
#include "host/domain/job.h"
#include "host/lanes/job_scope.h"
#include "host/pipeline/job_run.h"
#include "host/pipeline/worker_context.h"
#include "host/ports/job_queue.h"

namespace dsw {

/// Runs one delivery and settles it: acknowledged, to be retried, handed back, or dead-lettered.
/// Never throws; what goes wrong is logged here. A delivery that could not be settled comes back by
/// itself. The id of the job if it is a dead letter now and out of the queue, "?" if nobody can
/// read it. Belongs to one thread at a time.
std::optional<std::string> HandleDelivery(Delivery& delivery, const WorkerContext& worker,
                                          const StopSignals& stops);

/// Embeds what is pending of every target of the job, whose message is `message`. kCancelled when
/// it was stopped before the end or its time was up; what was recorded until then stays, and the
/// next run goes on from there. kHeld while another runner is at one of its targets.
Status RunJob(const Job& job, std::string_view message, const WorkerContext& worker,
              const JobScope& scope, JobRun& run);

}  // namespace dsw
