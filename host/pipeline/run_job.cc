// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/run_job.h"

#include <exception>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "host/base/log.h"
#include "host/domain/job_codec.h"
#include "host/pipeline/batch_window.h"
#include "host/pipeline/batcher.h"
#include "host/pipeline/company.h"
#include "host/pipeline/heartbeat.h"
#include "host/pipeline/lease.h"
#include "host/pipeline/progress_meter.h"
#include "host/pipeline/remove_stale.h"
#include "host/pipeline/run_batch.h"
#include "host/pipeline/settle.h"
#include "host/pipeline/share_out.h"
#include "host/pipeline/target_run.h"

namespace dsw {
namespace {

/// Begins a step of the job's work; whoever waits for that notices when the worker stops.
Result<Company::Step> BeginStep(Company::Member& member, const JobScope& scope) {
  if (Company::Step step = member.Begin(scope.stops.drain)) return step;
  return Fail(Code::kCancelled, "the worker is shutting down");
}

/// All pending chunks, in batches, several at a time. With the first record the job is none that
/// kills workers before it gets anywhere.
Status EmbedPending(TargetRun& run, ProgressMeter& meter, Company::Member& member) {
  ASSIGN_OR_RETURN(const auto pending, run.claim().OpenPending());
  const auto may_go_on = [&] { return MayGoOn(run.scope(), run.worker().clock.Now()); };
  Batcher batcher(*pending);
  BatchWindow window(run.MostBatches());
  Status going = may_go_on();
  for (; going && !window.failed(); going = may_go_on()) {
    window.AwaitRoom([&] { return run.Crowded(); });
    // Before the memory, which others may hold who wait for this job to be alone no longer.
    Company::Step step = member.Begin(run.scope().stops.drain);
    if (!step) continue;
    ASSIGN_OR_RETURN(std::optional<Batch> batch, batcher.Next(run.CallLimits()));
    if (!batch) break;
    const MemoryBudget::Share memory =
        run.worker().memory.Take(run.BytesFor(*batch), run.scope().stops.drain);
    if (!memory) continue;
    window.Run([&, step = std::move(step), memory, batch = std::move(*batch)] {
      Status done = RunBatch(batch, run, meter);
      if (done) member.Admit();
      return done;
    });
  }
  RETURN_IF_ERROR(window.Finish());
  return going;
}

/// One claimed target, from its plugins to its last record; what is left of it then.
Result<RunEnd> EmbedTarget(const Job& job, std::string_view message, const Plan& plan,
                           const Target& target, TargetClaim& claim, Lease& lease,
                           const WorkerContext& worker, const JobScope& scope,
                           Company::Member& member, ProgressMeter& meter) {
  ASSIGN_OR_RETURN(Company::Step step, BeginStep(member, scope));
  ASSIGN_OR_RETURN(const std::unique_ptr<TargetRun> run,
                   TargetRun::Open(plan, target, job.sink.value_or(SinkOverride{}), claim, lease,
                                   worker, scope));
  step.reset();
  meter.Publish();
  if (!job.range && run->survey().pending > worker.options.max_chunks_per_job) {
    RETURN_IF_ERROR(ShareOut(claim, plan, target, message, worker));
    return RunEnd{};
  }
  if (run->survey().pending > 0) RETURN_IF_ERROR(EmbedPending(*run, meter, member));
  ASSIGN_OR_RETURN(step, BeginStep(member, scope));
  if (run->survey().stale) RETURN_IF_ERROR(RemoveStalePoints(*run, meter));
  if (run->survey().must_mark && !job.range) RETURN_IF_ERROR(run->Mark());
  return claim.Finish();
}

/// With what was counted so far. Workers that died at the job count as its failures, and only the
/// next one can tell: an error when they were too many.
Result<JobScope> NextAttempt(const Job& job, const WorkerContext& worker, JobScope scope,
                             JobRun& run) {
  ASSIGN_OR_RETURN(FailureCount count, worker.datasets.Failures(job));
  scope.last_attempt = count.failures == worker.options.max_retries;
  if (count.failures <= worker.options.max_retries || !count.last) return scope;
  run.exhausted = true;
  return Fail((*std::move(count.last))
                  .Context(fmt::format("failed {} times; the last time", count.failures)));
}

/// Lets a job run alone at which a worker died beside others. `patience` sees to it that this ends,
/// also when its provider is down.
Status RunAlone(TargetClaim& claim, const Plan& plan, const JobScope& scope,
                Company::Member& member, std::optional<Heartbeat>& patience) {
  // Others may be at a slow batch; another worker may be less busy.
  constexpr std::chrono::minutes kMostWait{1};
  constexpr std::chrono::seconds kComeBack{5};
  // Longer than a call to an embedder takes.
  constexpr std::chrono::minutes kMostAlone{5};
  if (!member.BeAlone(kMostWait, scope.stops.drain)) {
    return Fail(Error{.code = Code::kHeld,
                      .message = "a worker died at this job: it is to run alone, and other jobs of "
                                 "this worker are busy",
                      .retry_after = kComeBack});
  }
  RETURN_IF_ERROR(claim.RunAlone());
  Log(LogLevel::kInfo, "pipeline", "a worker died at this job: it runs alone until it got further",
      {{"job_id", plan.job_id}});
  patience.emplace(kMostAlone, [&claim, &member] {
    if (claim.Trust()) member.Admit();
  });
  return {};
}

/// EmbedTarget() with what was counted so far. What was recorded before an exception counts as
/// well.
Result<RunEnd> TryTarget(const Job& job, std::string_view message, const Target& target,
                         TargetClaim& claim, Lease& lease, const WorkerContext& worker,
                         const JobScope& scope, JobRun& run, ProgressMeter& meter) {
  try {
    Company::Member member(worker.company);
    ASSIGN_OR_RETURN(const JobScope next, NextAttempt(job, worker, scope, run));
    std::optional<Heartbeat> patience;
    if (claim.suspected()) {
      RETURN_IF_ERROR(RunAlone(claim, *run.plan, scope, member, patience));
    }
    return EmbedTarget(job, message, *run.plan, target, claim, lease, worker, next, member, meter);
  } catch (const std::exception& exception) {
    return Fail(FromException(exception));
  }
}

/// What the last event says of the job, or one on its way of the target.
void TellEnd(const RunEnd& end, Progress& progress) {
  const std::string failure = end.job.over          ? end.job.failure
                              : end.dead_ranges > 0 ? RangesGivenUp(end.dead_ranges)
                                                    : std::string();
  progress.state = failure.empty() ? JobState::kSuccess : JobState::kFailed;
  if (!failure.empty()) progress.error = failure;
}

Status RunTarget(const Job& job, std::string_view message, const Target& target,
                 const WorkerContext& worker, const JobScope& scope, JobRun& run) {
  const Plan& plan = *run.plan;
  const Clock::TimePoint claimed = worker.clock.Now();
  ASSIGN_OR_RETURN(
      const std::unique_ptr<TargetClaim> claim,
      worker.datasets.Claim(plan, target, {.holder = worker.id, .lease = worker.queue.ack_wait()}));
  ProgressMeter meter(plan, target, *claim, worker);
  Result<RunEnd> end =
      RunEnd{.complete = true, .job = claim->job(), .dead_ranges = 0, .reached = std::nullopt};
  if (!claim->over()) {
    Lease lease(*claim, claimed, worker.queue.ack_wait(), worker.clock);
    end = TryTarget(job, message, target, *claim, lease, worker, scope, run, meter);
    // How the job stands is then another's to tell.
    const Status held = end ? Status() : lease.Held();
    if (!held && held.error().code == Code::kFenced) {
      end = Fail(held.error());
      run.exhausted = false;
    }
  }
  run.tally += meter.tally();
  run.progress = meter.Now();
  RETURN_IF_ERROR(end);
  run.over = end->job.over;
  if (end->complete) TellEnd(*end, *run.progress);
  if (end->complete && !run.over && !claim->over()) worker.progress.Publish(*run.progress);
  return {};
}

}  // namespace

Status RunJob(const Job& job, std::string_view message, const WorkerContext& worker,
              const JobScope& scope, JobRun& run) {
  RangeSlots::Slot slot;
  if (job.range) {
    ASSIGN_OR_RETURN(slot, worker.ranges.Take(job.dataset_transform_id));
    RETURN_IF_ERROR(PublishNext(job, message, worker));
  }
  ASSIGN_OR_RETURN(run.plan, worker.datasets.LoadPlan(job));
  for (run.target = 0; run.target < run.plan->targets.size(); ++run.target) {
    RETURN_IF_ERROR(RunTarget(job, message, run.plan->targets[run.target], worker, scope, run));
  }
  return {};
}

std::optional<std::string> HandleDelivery(Delivery& delivery, const WorkerContext& worker,
                                          const StopSignals& stops) {
  const Clock::TimePoint started = worker.clock.Now();
  worker.telemetry.JobStarted();

  JobRun run;
  std::optional<Heartbeat> heartbeat;
  Result<Job> job = Fail(Code::kInternal, "not read");
  Status outcome;
  try {
    const JobScope scope{.stops = stops,
                         .deadline = started + worker.options.job_timeout,
                         .traceparent = std::string(delivery.traceparent())};
    job = ParseJob(delivery.payload());
    if (job) job->redelivered = delivery.attempt() > 1;
    heartbeat.emplace(worker.queue.ack_wait() / 3, [&delivery] {
      if (const Status sent = delivery.InProgress(); !sent) {
        Log(LogLevel::kWarn, "pipeline", "cannot tell the queue that a job is in progress",
            {{"error", sent.error().message}});
      }
    });
    outcome =
        job ? RunJob(*job, delivery.payload(), worker, scope, run) : Status(Fail(job.error()));
  } catch (const std::exception& exception) {
    outcome = Fail(FromException(exception));
  }
  const bool dead =
      Settle(delivery, job, std::move(outcome), run, worker.clock.Now() - started, worker);
  if (!dead) return std::nullopt;
  return job ? job->job_id : "?";
}

}  // namespace dsw
