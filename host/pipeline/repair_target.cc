// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/repair_target.h"

#include <memory>

#include "host/base/log.h"
#include "host/domain/job_codec.h"
#include "host/pipeline/lease.h"
#include "host/pipeline/run_job.h"

namespace dsw {
namespace {

Error AtIt(Error error) {
  if (error.code != Code::kHeld) return error;
  return std::move(error).Context("a job is at it, try again later");
}

/// Makes everything pending that is wrong, and gives the claim back.
Result<Verification> Mend(const Plan& plan, TargetClaim& claim, Clock::TimePoint claimed,
                          const WorkerContext& worker, const JobScope& scope) {
  Verification found;
  {
    Lease lease(claim, claimed, worker.queue.ack_wait(), worker.clock);
    const Mending mending{claim, lease};
    ASSIGN_OR_RETURN(found, VerifyTarget(plan, plan.targets.front(), worker, scope, &mending));
  }
  // Before the claim is taken under which the chunks are embedded.
  if (found.future_token > 0) {
    RETURN_IF_ERROR(worker.datasets.SkipTokens(found.future_token));
  }
  RETURN_IF_ERROR(claim.Release());
  return found;
}

Result<Repair> MendAndEmbed(const Job& job, const Plan& plan, TargetClaim& claim,
                            Clock::TimePoint claimed, const WorkerContext& worker,
                            const JobScope& scope) {
  Repair repair;
  ASSIGN_OR_RETURN(repair.found, Mend(plan, claim, claimed, worker, scope));
  JobRun run;
  RETURN_IF_ERROR(RunJob(job, JobJson(job), worker, scope, run));
  repair.embedded = run.tally.chunks;
  repair.removed = repair.found.orphaned + run.tally.removed;
  return repair;
}

}  // namespace

Result<Repair> RepairTarget(const Job& job, const WorkerContext& worker, const JobScope& scope) {
  ASSIGN_OR_RETURN(const Plan plan, worker.datasets.LoadPlan(job));
  const Clock::TimePoint claimed = worker.clock.Now();
  const auto claim = worker.datasets.Claim(plan, plan.targets.front(),
                                           {.holder = worker.id, .lease = worker.queue.ack_wait()});
  if (!claim) return Fail(AtIt(claim.error()));
  Result<Repair> repair = MendAndEmbed(job, plan, **claim, claimed, worker, scope);
  if (repair) return repair;
  // Nobody takes this job up again.
  if (const auto ended = worker.datasets.EndFailed(job, repair.error()); !ended) {
    Log(LogLevel::kWarn, "pipeline", "cannot write down that a repair failed",
        {{"error", ended.error().message}});
  }
  return Fail(AtIt(std::move(repair.error())));
}

}  // namespace dsw
