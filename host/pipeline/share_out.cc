// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/share_out.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "host/base/log.h"
#include "host/domain/job_codec.h"

namespace dsw {
namespace {

/// Enough for the next worker to find one while the range before it is only beginning.
constexpr std::int32_t kWaiting = 2;

Status Publish(const WorkerContext& worker, std::string_view message, const std::string& job_id,
               std::int64_t target, const JobRange& range) {
  return worker.queue.Publish(RangeJobJson(message, target, range),
                              fmt::format("{}-{}-{}", job_id, target, range.number));
}

}  // namespace

Status ShareOut(TargetClaim& claim, const Plan& plan, const Target& target,
                std::string_view message, const WorkerContext& worker) {
  ASSIGN_OR_RETURN(const std::vector<JobRange> ranges,
                   claim.Split(worker.options.max_chunks_per_job));
  // Before its ranges come: they claim parts of what is claimed here.
  RETURN_IF_ERROR(claim.Release());
  const std::size_t first = std::min<std::size_t>(kWaiting, ranges.size());
  for (std::size_t i = 0; i < first; ++i) {
    RETURN_IF_ERROR(Publish(worker, message, plan.job_id, target.embedded_dataset_id, ranges[i]));
  }
  Log(LogLevel::kInfo, "pipeline", "job shared out over the fleet",
      {{"job_id", plan.job_id}, {"ranges", std::to_string(ranges.size())}});
  return {};
}

Status PublishNext(const Job& job, std::string_view message, const WorkerContext& worker) {
  ASSIGN_OR_RETURN(const std::optional<JobRange> next,
                   worker.datasets.FindRange(job, job.range->number + kWaiting));
  if (!next) return {};
  return Publish(worker, message, job.job_id, job.embedded_dataset_id.value_or(0), *next);
}

}  // namespace dsw
