// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/settle.h"

#include <algorithm>
#include <exception>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "host/base/log.h"
#include "host/domain/failure.h"
#include "host/pipeline/progress_meter.h"

namespace dsw {
namespace {

using std::chrono::milliseconds;

/// How long a job that waits for others stays away from the queue, at most.
constexpr milliseconds kLongestWait{5000};
/// How long a job stays away that this worker cannot do.
constexpr milliseconds kLeaveFor{2000};

template <typename T>
bool Is(const Disposition& next) {
  return std::holds_alternative<T>(next);
}

milliseconds ScheduledDelay(std::uint64_t failures, const PipelineOptions& options) {
  const auto& schedule = options.retry_schedule;
  if (schedule.empty()) return milliseconds(0);
  return schedule[std::min<std::size_t>(failures == 0 ? 0 : failures - 1, schedule.size() - 1)];
}

Disposition RetryOrGiveUp(const Error& error, int allowed, const FailureHistory& history,
                          const PipelineOptions& options) {
  if (!history.progressed && history.count && history.count->failures > allowed) return GiveUp{};
  const std::uint64_t step = history.progressed ? 1
                             : history.count ? static_cast<std::uint64_t>(history.count->failures)
                                             : history.attempt;
  milliseconds delay = ScheduledDelay(step, options);
  if (error.retry_after) delay = std::max(delay, *error.retry_after);
  return Retry{delay};
}

/// What is not `settled` comes back, and counts then as what it becomes.
DeliveryOutcome OutcomeOf(const Disposition& next, bool settled) {
  if (Is<Finished>(next) || Is<Withdraw>(next)) {
    return settled ? DeliveryOutcome::kSuccess : DeliveryOutcome::kHandedBack;
  }
  if (Is<GiveUp>(next)) {
    return settled ? DeliveryOutcome::kDeadLettered : DeliveryOutcome::kRetried;
  }
  return Is<Retry>(next) ? DeliveryOutcome::kRetried : DeliveryOutcome::kHandedBack;
}

/// What the worker's health calls the part of it that failed.
std::string PartOf(const Error& error, const JobRun& run) {
  switch (error.origin) {
    case Origin::kSink:
      return "sink";
    case Origin::kDatabase:
      return "postgresql";
    case Origin::kQueue:
      return "nats";
    case Origin::kJob:
    case Origin::kEmbedder:
    case Origin::kWorker:
      break;
  }
  if (!run.plan || run.target >= run.plan->targets.size()) return "worker";
  return "provider " + run.plan->targets[run.target].embedder.provider;
}

/// One delivery that is being settled. Belongs to one thread.
class Settlement {
 public:
  Settlement(Delivery& delivery, const Result<Job>& job, Status outcome, const JobRun& run,
             const WorkerContext& worker)
      : delivery_(delivery), job_(job), outcome_(std::move(outcome)), run_(run), worker_(worker) {}

  /// Decides, and tells everybody.
  void Run();
  /// Takes what went wrong with Run() for what went wrong with the job, unless the queue knows by
  /// then what becomes of it. Never throws.
  void RunAfter(const std::exception& exception);
  /// To the metrics and the log. Never throws.
  void Report(Clock::TimePoint::duration took) const;
  /// It is one, and the queue has forgotten the job.
  bool dead_letter() const { return told_ && dead_lettered_; }

 private:
  Disposition Decide();
  FailureHistory History(const FailureClass& failure);
  /// Ends the job where it ends: as a dead letter, in the database, and for observers. What fails
  /// on the way keeps the job in the queue.
  Status End(const Disposition& next);
  Status EndWithout(const Disposition& next);
  Status DeadLetter();
  Status TellQueue(const Disposition& next);
  /// Tells observers why a job that is not over has stopped for now.
  void TellOnItsWay(const Disposition& next);
  /// The event for a job that did not succeed, with as much as is known about it.
  Progress FailureEvent(const Disposition& next) const;
  void Log(Clock::TimePoint::duration took) const;

  Delivery& delivery_;
  const Result<Job>& job_;
  Status outcome_;
  const JobRun& run_;
  const WorkerContext& worker_;

  Disposition next_ = HandBack{};  ///< Once decided.
  Status told_ = Fail(Code::kInternal, "not settled");
  bool queue_knows_ = false;
  bool dead_lettered_ = false;
  std::optional<FailureCount> noted_;  ///< Once this delivery was counted.
};

void Settlement::Run() {
  next_ = Decide();
  Status told = End(next_);
  if (told) told = TellQueue(next_);
  told_ = std::move(told);
  if (!told_) return;
  queue_knows_ = true;
  // When it is tried again is the queue's to keep.
  if (Is<Retry>(next_)) TellOnItsWay(next_);
  const bool over = Is<Finished>(next_) || Is<GiveUp>(next_) || Is<Withdraw>(next_);
  if (job_ && over && delivery_.attempt() > 1) {
    // Leaves a row behind at worst.
    (void)worker_.datasets.ClearFailures(*job_);
  }
}

void Settlement::RunAfter(const std::exception& exception) {
  if (queue_knows_) return;
  try {
    outcome_ = Fail(FromException(exception));
    told_ = outcome_;
    Run();
  } catch (const std::exception&) {
    // It stays untold, and comes back.
  }
}

void Settlement::Report(Clock::TimePoint::duration took) const {
  const Status& failure = outcome_ ? told_ : outcome_;
  worker_.telemetry.JobEnded(OutcomeOf(next_, told_.has_value()),
                             failure ? std::nullopt : std::optional(failure.error().code), took,
                             run_.tally.batches, run_.tally.chunks);
  try {
    if (told_) {
      Log(took);
    } else {
      dsw::Log(
          LogLevel::kError, "pipeline", "cannot settle a delivery; it will come back",
          {{"job_id", job_ ? job_->job_id : std::string("?")}, {"error", told_.error().message}});
    }
  } catch (const std::exception&) {
    // Of a line alone nothing depends.
  }
}

FailureHistory Settlement::History(const FailureClass& failure) {
  FailureHistory history{
      .progressed = run_.tally.batches > 0, .count = noted_, .attempt = delivery_.attempt()};
  const bool counts =
      failure.delivery == OnDelivery::kRetry || failure.delivery == OnDelivery::kRetryOnce;
  if (!job_) {
    // Nobody knows its name, but the queue has counted.
    history.count = FailureCount{.failures = static_cast<int>(std::min<std::uint64_t>(
                                     delivery_.attempt(), std::numeric_limits<int>::max()))};
    return history;
  }
  if (noted_ || (!counts && failure.delivery != OnDelivery::kLeave)) return history;
  if (history.progressed) {
    // Without its failures forgotten a job that crawls would be given up after all.
    if (const Status cleared = worker_.datasets.ClearFailures(*job_); !cleared) {
      dsw::Log(LogLevel::kWarn, "pipeline", "cannot clear the job's failures",
               {{"job_id", job_->job_id}, {"error", cleared.error().message}});
    }
  } else if (Result<FailureCount> count =
                 worker_.datasets.NoteFailure(*job_, outcome_.error(), counts)) {
    noted_ = *std::move(count);
    history.count = noted_;
  }
  return history;
}

Disposition Settlement::Decide() {
  if (outcome_) return Finished{};
  if (run_.exhausted) return GiveUp{};
  const FailureClass& failure = ClassOf(outcome_.error());
  if (failure.delivery == OnDelivery::kPause) {
    worker_.health.Report(PartOf(outcome_.error(), run_), outcome_.error());
  }
  return dsw::Decide(outcome_.error(), History(failure), worker_.options);
}

Progress Settlement::FailureEvent(const Disposition& next) const {
  Progress event = run_.progress.value_or(Progress{});
  event.job_id = job_->job_id;
  event.dataset_transform_id = job_->dataset_transform_id;
  if (!run_.progress) {
    event.embedded_dataset_id = job_->embedded_dataset_id;
    event.owner_id = run_.plan ? run_.plan->owner_id : job_->owner_id.value_or("");
    event.dataset_id = run_.plan ? run_.plan->dataset_id : job_->dataset_id.value_or(0);
  }
  event.state = JobState::kProcessing;
  event.error = outcome_.error().message;
  if (const auto* retry = std::get_if<Retry>(&next)) {
    event.error = fmt::format("{} (next attempt in {} s)", *event.error,
                              std::chrono::ceil<std::chrono::seconds>(retry->delay).count());
  }
  event.timestamp = worker_.clock.WallNow();
  return event;
}

Status Settlement::End(const Disposition& next) {
  if (!job_) return Is<GiveUp>(next) ? DeadLetter() : Status();
  if (Is<Finished>(next)) {
    if (!run_.over) return {};
    Progress event = *run_.progress;
    event.final = true;
    return worker_.progress.PublishFinal(event);
  }
  if (Is<GiveUp>(next) || Is<Withdraw>(next)) return EndWithout(next);
  if (!Is<Retry>(next)) TellOnItsWay(next);
  return {};
}

Status Settlement::EndWithout(const Disposition& next) {
  if (Is<GiveUp>(next)) RETURN_IF_ERROR(DeadLetter());
  ASSIGN_OR_RETURN(const RunEnd end, worker_.datasets.EndFailed(*job_, outcome_.error()));
  Progress event = FailureEvent(next);
  if (!run_.progress && end.reached) {
    event.embedded_dataset_id = end.reached->embedded_dataset_id;
    SetCounts(end.reached->totals, event);
  }
  if (end.complete) event.state = JobState::kFailed;
  if (!end.job.over) {
    worker_.progress.Publish(event);
    return {};
  }
  if (end.job.failure.empty()) {
    // All had been done before, and only that was not told.
    event.state = JobState::kSuccess;
    event.error.reset();
  }
  event.final = true;
  return worker_.progress.PublishFinal(event);
}

void Settlement::TellOnItsWay(const Disposition& next) {
  // A later delivery that does not know how far the job came would tell of nothing done.
  const bool known = run_.progress || delivery_.attempt() == 1;
  if (!job_ || !known || Is<Abandon>(next)) return;
  if (ClassOf(outcome_.error()).delivery == OnDelivery::kWait) return;
  worker_.progress.Publish(FailureEvent(next));
}

Status Settlement::TellQueue(const Disposition& next) {
  if (Is<Abandon>(next)) return {};
  if (const auto* retry = std::get_if<Retry>(&next)) return delivery_.RetryIn(retry->delay);
  if (const auto* back = std::get_if<HandBack>(&next)) return delivery_.RetryIn(back->delay);
  return delivery_.Ack();
}

Status Settlement::DeadLetter() {
  RETURN_IF_ERROR(
      delivery_.DeadLetter({.error_type = std::string(CodeName(outcome_.error().code)),
                            .error = outcome_.error().message,
                            .job_id = job_ ? job_->job_id : std::string(),
                            .fault = std::string(FaultName(ClassOf(outcome_.error()).fault))}));
  dead_lettered_ = true;
  return {};
}

void Settlement::Log(Clock::TimePoint::duration took) const {
  std::vector<LogField> fields = {
      {"job_id", job_ ? job_->job_id : std::string("?")},
      {"attempt", std::to_string(delivery_.attempt())},
      {"batches", std::to_string(run_.tally.batches)},
      {"chunks", std::to_string(run_.tally.chunks)},
      {"failed_chunks", std::to_string(run_.tally.failed)},
      {"duration_ms", std::to_string(std::chrono::duration_cast<milliseconds>(took).count())}};
  if (job_) fields.push_back({"transform_id", std::to_string(job_->dataset_transform_id)});
  if (outcome_) {
    dsw::Log(LogLevel::kInfo, "pipeline", run_.over ? "job done" : "part of a job done", fields);
    return;
  }
  fields.push_back({"error_type", std::string(CodeName(outcome_.error().code))});
  fields.push_back({"fault", std::string(FaultName(ClassOf(outcome_.error()).fault))});
  fields.push_back({"error", outcome_.error().message});
  if (const auto* retry = std::get_if<Retry>(&next_)) {
    fields.push_back({"retry_in_ms", std::to_string(retry->delay.count())});
    dsw::Log(LogLevel::kWarn, "pipeline", "job failed, to be retried", fields);
  } else if (Is<GiveUp>(next_)) {
    dsw::Log(LogLevel::kError, "pipeline", "job dead-lettered", fields);
  } else if (Is<Withdraw>(next_)) {
    dsw::Log(LogLevel::kWarn, "pipeline", "job no longer wanted", fields);
  } else if (Is<Abandon>(next_)) {
    dsw::Log(LogLevel::kWarn, "pipeline", "job lost to another worker", fields);
  } else if (ClassOf(outcome_.error()).delivery == OnDelivery::kWait) {
    dsw::Log(LogLevel::kDebug, "pipeline", "job waits for another", fields);
  } else {
    dsw::Log(LogLevel::kInfo, "pipeline", "job handed back", fields);
  }
}

}  // namespace

Disposition Decide(const Error& error, const FailureHistory& history,
                   const PipelineOptions& options) {
  switch (ClassOf(error).delivery) {
    case OnDelivery::kHandBack:
    case OnDelivery::kPause:
      return HandBack{};
    case OnDelivery::kWait:
      return HandBack{std::min(error.retry_after.value_or(kLongestWait), kLongestWait)};
    case OnDelivery::kAbandon:
      return Abandon{};
    case OnDelivery::kWithdraw:
      return Withdraw{};
    case OnDelivery::kLeave:
      if (history.count && history.count->since_first >= options.provider_patience) return GiveUp{};
      return HandBack{kLeaveFor};
    case OnDelivery::kRetry:
      return RetryOrGiveUp(error, options.max_retries, history, options);
    case OnDelivery::kRetryOnce:
      return RetryOrGiveUp(error, std::min(1, options.max_retries), history, options);
    case OnDelivery::kGiveUp:
      return GiveUp{};
  }
  return GiveUp{};
}

bool Settle(Delivery& delivery, const Result<Job>& job, Status outcome, const JobRun& run,
            Clock::TimePoint::duration took, const WorkerContext& worker) {
  Settlement settlement(delivery, job, std::move(outcome), run, worker);
  try {
    settlement.Run();
  } catch (const std::exception& exception) {
    settlement.RunAfter(exception);
  }
  settlement.Report(took);
  return settlement.dead_letter();
}

}  // namespace dsw
