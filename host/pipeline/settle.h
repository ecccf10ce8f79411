// SPDX-License-Identifier: Apache-2.0
//
// What becomes of a delivery after its job ran: the decision, as a pure function, and its
// execution.
#pragma once

#include <chrono>
#include <optional>
#include <variant>

#include "host/base/result.h"
#include "host/domain/job.h"
#include "host/pipeline/run_job.h"
#include "host/pipeline/worker_context.h"
#include "host/ports/job_queue.h"

namespace dsw {

/// The job is done.
struct Finished {};
/// Handed out again after the delay; the failure counts.
struct Retry {
  std::chrono::milliseconds delay{0};
};
/// Handed out again at once, as it is no failure: shutdown, or the job's time was up.
struct HandBack {};
/// Moved to the dead-letter queue.
struct GiveUp {};
using Disposition = std::variant<Finished, Retry, HandBack, GiveUp>;

/// What is known about a job's failures so far.
struct FailureHistory {
  bool progressed = false;      ///< This delivery recorded batches: it does not count.
  std::optional<int> failures;  ///< Failed deliveries, this one included; absent if not known.
  std::uint64_t attempt = 1;    ///< The queue's count of deliveries.
};

/// Pure. Errors that cannot go away by themselves give up at once; kInternal is tried once more;
/// the rest follows the schedule until there were more failures than max_retries. While failures
/// cannot be counted, nothing is given up.
Disposition Decide(const Error& error, const FailureHistory& history,
                   const PipelineOptions& options);

/// Counts the failure where that matters, then decides.
Disposition Decide(const Error& error, const Delivery& delivery, const Result<Job>& job,
                   const JobRun& run, const WorkerContext& worker);

/// Tells the queue, the observers, the metrics and the log. A queue that cannot be told is logged:
/// the delivery then comes back after the ack wait.
void Settle(Delivery& delivery, const Disposition& next, const Result<Job>& job,
            const Status& outcome, const JobRun& run, Clock::TimePoint::duration took,
            const WorkerContext& worker);

}  // namespace dsw
