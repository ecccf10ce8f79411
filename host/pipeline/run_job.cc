// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/run_job.h"

#include "host/domain/job_codec.h"
#include "host/pipeline/batch_window.h"
#include "host/pipeline/batcher.h"
#include "host/pipeline/heartbeat.h"
#include "host/pipeline/progress_meter.h"
#include "host/pipeline/remove_stale.h"
#include "host/pipeline/run_batch.h"
#include "host/pipeline/settle.h"
#include "host/pipeline/target_run.h"

namespace dsw {
namespace {

/// One target, from its plugins to its last record.
Status RunTarget(const Plan& plan, const Target& target, const SinkOverride& sink_override,
                 const WorkerContext& worker, const JobScope& scope, ProgressMeter& meter) {
  ASSIGN_OR_RETURN(const std::unique_ptr<TargetRun> run,
                   TargetRun::Open(plan, target, sink_override, worker, scope));
  ASSIGN_OR_RETURN(const DatasetStore::Counts counts, worker.datasets.CountChunks(plan, target));
  meter.Start(counts);

  ASSIGN_OR_RETURN(const auto pending, worker.datasets.OpenPending(plan, target));
  Batcher batcher(*pending);
  BatchWindow window(worker.options.batches_in_flight);
  Status going = MayGoOn(scope, worker.clock.Now());
  for (; going && !window.failed(); going = MayGoOn(scope, worker.clock.Now())) {
    ASSIGN_OR_RETURN(std::optional<Batch> batch, batcher.Next(run->CallLimits()));
    if (!batch) break;
    window.Run([&, batch = std::move(*batch)] { return RunBatch(batch, *run, meter); });
  }
  RETURN_IF_ERROR(window.Finish());
  RETURN_IF_ERROR(going);

  RETURN_IF_ERROR(RemoveStalePoints(*run, meter));
  return worker.datasets.FinishTarget(plan, target);
}

}  // namespace

Status RunJob(const Job& job, const WorkerContext& worker, const JobScope& scope, JobRun& run) {
  ASSIGN_OR_RETURN(run.plan, worker.datasets.LoadPlan(job));
  const Plan& plan = *run.plan;
  for (const Target& target : plan.targets) {
    ProgressMeter meter(plan, target, worker);
    const Status done =
        RunTarget(plan, target, job.sink.value_or(SinkOverride{}), worker, scope, meter);
    run.tally += meter.tally();
    RETURN_IF_ERROR(done);
    if (&target == &plan.targets.back()) {
      run.completion = meter.Completion(/*final=*/true);
    } else {
      worker.progress.Publish(meter.Completion(/*final=*/false));
    }
  }
  return {};
}

void HandleDelivery(Delivery& delivery, std::chrono::milliseconds ack_wait,
                    const WorkerContext& worker, const StopSignals& stops) {
  const Heartbeat heartbeat(delivery, ack_wait / 3);
  const Clock::TimePoint started = worker.clock.Now();
  const JobScope scope{.stops = stops,
                       .deadline = started + worker.options.job_timeout,
                       .traceparent = std::string(delivery.traceparent())};
  worker.telemetry.JobStarted();

  JobRun run;
  const Result<Job> job = ParseJob(delivery.payload());
  const Status outcome = job ? RunJob(*job, worker, scope, run) : Status(Fail(job.error()));
  const Disposition next =
      outcome ? Finished{} : Decide(outcome.error(), delivery, job, run, worker);
  Settle(delivery, next, job, outcome, run, worker.clock.Now() - started, worker);
}

}  // namespace dsw
