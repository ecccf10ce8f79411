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
#include "host/domain/record.h"
#include "host/pipeline/job_run.h"
#include "host/pipeline/worker_context.h"
#include "host/ports/job_queue.h"

namespace dsw {

/// The job, or what it wanted of this delivery, is done.
struct Finished {};
/// Handed out again after the delay; the failure counts.
struct Retry {
  std::chrono::milliseconds delay{0};
};
/// Handed out again after the delay, as it is no failure of the job's.
struct HandBack {
  std::chrono::milliseconds delay{0};
};
/// Moved to the dead-letter queue.
struct GiveUp {};
/// Acknowledged, as nobody wants it any more.
struct Withdraw {};
/// Left alone: another worker has it.
struct Abandon {};
using Disposition = std::variant<Finished, Retry, HandBack, GiveUp, Withdraw, Abandon>;

/// What is known about a job's failures so far.
struct FailureHistory {
  bool progressed = false;            ///< This delivery recorded batches: it does not count.
  std::optional<FailureCount> count;  ///< This failure included; absent if not known.
  std::uint64_t attempt = 1;          ///< The queue's count of deliveries.
};

/// Pure: by the class of the error. While failures cannot be counted, nothing is given up that may
/// still succeed.
Disposition Decide(const Error& error, const FailureHistory& history,
                   const PipelineOptions& options);

/// Decides, and tells the database, the observers, the queue, the worker's health, the metrics and
/// the log. A dead letter is stored before anybody is told of it, and the last event of a job
/// before the queue forgets the job. What cannot be told to the queue is logged: the delivery then
/// comes back after the ack wait. An exception on the way is a failure of the job like any other.
/// True if the job is a dead letter now, and out of the queue. Never throws.
bool Settle(Delivery& delivery, const Result<Job>& job, Status outcome, const JobRun& run,
            Clock::TimePoint::duration took, const WorkerContext& worker);

}  // namespace dsw
