// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host/app/commands.h"
#include "host/app/failures.h"
#include "host/app/local_worker.h"
#include "host/app/new_job.h"
#include "host/pipeline/repair_target.h"
#include "host/pipeline/verify_target.h"
#include "host/postgres/item_contents.h"

namespace dsw {
namespace {

using Json = nlohmann::ordered_json;

/// A job of its own for each target, so that one that is held by a job keeps no other from being
/// repaired.
Job MakeJob(std::int64_t transform) {
  Job job = NewJob(transform);
  job.job_id.insert(0, "verify-");
  return job;
}

/// A target with what became of it. Without `repaired` it was only looked at.
struct Outcome {
  const Target& target;
  Repair result;
  bool repaired = false;

  bool good() const { return repaired || result.found.clean(); }
};

Result<Outcome> Examine(const Plan& plan, const Target& target, const WorkerContext& worker,
                        bool repair) {
  Outcome outcome{target, {}, repair};
  if (!repair) {
    ASSIGN_OR_RETURN(outcome.result.found, VerifyTarget(plan, target, worker, {}));
    return outcome;
  }
  Job job = MakeJob(plan.dataset_transform_id);
  job.embedded_dataset_id = target.embedded_dataset_id;
  ASSIGN_OR_RETURN(outcome.result, RepairTarget(job, worker, {}));
  return outcome;
}

void Print(const Outcome& outcome) {
  const Verification& found = outcome.result.found;
  fmt::print(
      "collection {} (embedded dataset {}): {} points for {} chunks; {} missing, {} orphaned, "
      "{} stale, {} of another model; {} chunks pending\n",
      outcome.target.collection, outcome.target.embedded_dataset_id, found.points, found.chunks,
      found.missing, found.orphaned, found.stale, found.other_model, found.pending);
  if (found.future_token > 0) {
    fmt::print("  points come from later than it is by the clock of the database{}\n",
               outcome.repaired ? "" : ", and cannot be overwritten until this is repaired");
  }
  if (outcome.repaired) {
    fmt::print("  repaired: {} chunks embedded, {} points removed\n", outcome.result.embedded,
               outcome.result.removed);
  }
  std::fflush(stdout);
}

Json ToJson(const Outcome& outcome) {
  const Verification& found = outcome.result.found;
  return {
      {"embedded_dataset_id", outcome.target.embedded_dataset_id},
      {"collection", outcome.target.collection},
      {"chunks", found.chunks},
      {"points", found.points},
      {"pending", found.pending},
      {"missing", found.missing},
      {"orphaned", found.orphaned},
      {"stale", found.stale},
      {"other_model", found.other_model},
      {"clock_put_back", found.future_token > 0},
      {"repaired", {{"embedded", outcome.result.embedded}, {"removed", outcome.result.removed}}}};
}

}  // namespace

Status Verify(const Settings& settings, const VerifyOptions& options) {
  ASSIGN_OR_RETURN(const std::unique_ptr<LocalWorker> local, LocalWorker::Open(settings));
  const WorkerContext& worker = local->context();
  ASSIGN_OR_RETURN(const Plan plan, worker.datasets.LoadPlan(MakeJob(options.transform)));
  // What is compared are texts, whatever went round the triggers.
  ASSIGN_OR_RETURN([[maybe_unused]] const std::int64_t mended,
                   RecomputeContents(local->database(), plan.dataset_id));
  Json targets = Json::array();
  bool clean = true;
  Failures failures;
  for (const Target& target : plan.targets) {
    const Result<Outcome> outcome = Examine(plan, target, worker, options.repair);
    if (!outcome) {
      failures.Add(outcome.error());
      continue;
    }
    clean = clean && outcome->good();
    if (!options.json) Print(*outcome);
    targets.push_back(ToJson(*outcome));
  }
  RETURN_IF_ERROR(failures.Last());
  if (options.json) {
    fmt::print("{}\n", Json{{"dataset_transform_id", plan.dataset_transform_id},
                            {"targets", std::move(targets)},
                            {"clean", clean}}
                           .dump());
    std::fflush(stdout);
  }
  if (clean) return {};
  return Fail(Code::kConflict,
              fmt::format("the sink does not hold what the database says; `worker-datasets verify "
                          "--transform {} --repair` puts it right",
                          options.transform));
}

}  // namespace dsw
