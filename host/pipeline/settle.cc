// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/settle.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "host/base/log.h"
#include "host/base/secret.h"

namespace dsw {
namespace {

using std::chrono::milliseconds;

/// Nobody but a person can make such a job succeed.
bool Hopeless(Code code) {
  switch (code) {
    case Code::kInvalid:
    case Code::kTooLarge:
    case Code::kInputTooLong:
    case Code::kNotFound:
    case Code::kConflict:
    case Code::kUnauthenticated:
      return true;
    case Code::kQuota:
    case Code::kRateLimited:
    case Code::kOverloaded:
    case Code::kUnavailable:
    case Code::kTimeout:
    case Code::kCancelled:
    case Code::kBadResponse:
    case Code::kInternal:
    case Code::kHeld:
    case Code::kFenced:
    case Code::kWithdrawn:
      return false;
  }
  return false;
}

milliseconds ScheduledDelay(std::uint64_t failures, const PipelineOptions& options) {
  const auto& schedule = options.retry_schedule;
  if (schedule.empty()) return milliseconds(0);
  return schedule[std::min<std::size_t>(failures == 0 ? 0 : failures - 1, schedule.size() - 1)];
}

DeliveryOutcome OutcomeOf(const Disposition& next) {
  if (std::holds_alternative<Finished>(next)) return DeliveryOutcome::kSuccess;
  if (std::holds_alternative<Retry>(next)) return DeliveryOutcome::kRetried;
  if (std::holds_alternative<HandBack>(next)) return DeliveryOutcome::kHandedBack;
  return DeliveryOutcome::kDeadLettered;
}

Status TellQueue(Delivery& delivery, const Disposition& next, const Result<Job>& job,
                 const Status& outcome) {
  if (std::holds_alternative<Finished>(next)) return delivery.Ack();
  if (const auto* retry = std::get_if<Retry>(&next)) return delivery.RetryIn(retry->delay);
  if (std::holds_alternative<HandBack>(next)) return delivery.RetryIn(milliseconds(0));
  return delivery.DeadLetter({.error_type = std::string(CodeName(outcome.error().code)),
                              .error = outcome.error().message,
                              .job_id = job ? job->job_id : std::string()});
}

/// The event for a job that did not succeed, with as much as is known about it.
Progress FailureEvent(const Job& job, const Status& outcome, const Disposition& next,
                      const JobRun& run, const WorkerContext& worker) {
  Progress event;
  event.job_id = job.job_id;
  event.dataset_transform_id = job.dataset_transform_id;
  event.embedded_dataset_id = job.embedded_dataset_id;
  event.owner_id = run.plan ? run.plan->owner_id : job.owner_id.value_or("");
  event.dataset_id = run.plan ? run.plan->dataset_id : job.dataset_id.value_or(0);
  event.chunk_count = run.tally.chunks;
  event.failed_chunks = run.tally.failed;
  event.batches_done = run.tally.batches;
  event.tokens = run.tally.tokens;
  event.final = std::holds_alternative<GiveUp>(next);
  event.state = event.final ? JobState::kFailed : JobState::kProcessing;
  event.error = outcome.error().message;
  if (const auto* retry = std::get_if<Retry>(&next)) {
    event.error = fmt::format("{} (next attempt in {} s)", *event.error,
                              std::chrono::ceil<std::chrono::seconds>(retry->delay).count());
  }
  event.timestamp = worker.clock.WallNow();
  return event;
}

void LogSettled(const Delivery& delivery, const Disposition& next, const Result<Job>& job,
                const Status& outcome, const JobRun& run, Clock::TimePoint::duration took) {
  std::vector<LogField> fields = {
      {"job_id", job ? job->job_id : std::string("?")},
      {"attempt", std::to_string(delivery.attempt())},
      {"batches", std::to_string(run.tally.batches)},
      {"chunks", std::to_string(run.tally.chunks)},
      {"failed_chunks", std::to_string(run.tally.failed)},
      {"duration_ms", std::to_string(std::chrono::duration_cast<milliseconds>(took).count())}};
  if (job) fields.push_back({"transform_id", std::to_string(job->dataset_transform_id)});
  if (outcome) {
    Log(LogLevel::kInfo, "pipeline", "job done", fields);
    return;
  }
  fields.push_back({"error_type", std::string(CodeName(outcome.error().code))});
  fields.push_back({"error", outcome.error().message});
  if (const auto* retry = std::get_if<Retry>(&next)) {
    fields.push_back({"retry_in_ms", std::to_string(retry->delay.count())});
    Log(LogLevel::kWarn, "pipeline", "job failed, to be retried", fields);
  } else if (std::holds_alternative<HandBack>(next)) {
    Log(LogLevel::kInfo, "pipeline", "job handed back", fields);
  } else {
    Log(LogLevel::kError, "pipeline", "job dead-lettered", fields);
  }
}

}  // namespace

Disposition Decide(const Error& error, const FailureHistory& history,
                   const PipelineOptions& options) {
  if (error.code == Code::kCancelled) return HandBack{};
  if (Hopeless(error.code)) return GiveUp{};
  const int allowed =
      error.code == Code::kInternal ? std::min(1, options.max_retries) : options.max_retries;
  if (!history.progressed && history.failures && *history.failures > allowed) return GiveUp{};

  const std::uint64_t step = history.progressed ? 1
                             : history.failures ? static_cast<std::uint64_t>(*history.failures)
                                                : history.attempt;
  milliseconds delay = ScheduledDelay(step, options);
  if (error.retry_after) delay = std::max(delay, *error.retry_after);
  return Retry{delay};
}

Disposition Decide(const Error& error, const Delivery& delivery, const Result<Job>& job,
                   const JobRun& run, const WorkerContext& worker) {
  FailureHistory history{
      .progressed = run.tally.batches > 0, .failures = std::nullopt, .attempt = delivery.attempt()};
  if (job && error.code != Code::kCancelled && !Hopeless(error.code)) {
    if (history.progressed) {
      // Without its failures forgotten a job that crawls would be given up after all.
      if (const Status cleared = worker.datasets.ClearFailures(*job); !cleared) {
        Log(LogLevel::kWarn, "pipeline", "cannot clear the job's failures",
            {{"job_id", job->job_id}, {"error", cleared.error().message}});
      }
    } else if (const Result<int> failures = worker.datasets.CountFailure(*job, error)) {
      history.failures = *failures;
    }
  }
  return Decide(error, history, worker.options);
}

void Settle(Delivery& delivery, const Disposition& next, const Result<Job>& job,
            const Status& outcome, const JobRun& run, Clock::TimePoint::duration took,
            const WorkerContext& worker) {
  const bool over = std::holds_alternative<Finished>(next) || std::holds_alternative<GiveUp>(next);
  if (job && over && delivery.attempt() > 1) {
    // Leaves a row behind at worst.
    (void)worker.datasets.ClearFailures(*job);
  }
  if (const Status told = TellQueue(delivery, next, job, outcome); !told) {
    Log(LogLevel::kError, "pipeline", "cannot settle a delivery; it will come back",
        {{"job_id", job ? job->job_id : std::string("?")}, {"error", told.error().message}});
  }
  if (run.completion) {
    Progress event = *run.completion;
    event.processing_duration = std::chrono::duration_cast<milliseconds>(took);
    worker.progress.Publish(event);
  } else if (job && !outcome) {
    worker.progress.Publish(FailureEvent(*job, outcome, next, run, worker));
  }
  worker.telemetry.JobEnded(OutcomeOf(next),
                            outcome ? std::nullopt : std::optional(outcome.error().code), took,
                            run.tally.batches, run.tally.chunks);
  LogSettled(delivery, next, job, outcome, run, took);
}

}  // namespace dsw
