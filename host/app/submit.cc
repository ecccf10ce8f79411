// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "host/app/commands.h"
#include "host/app/load_plan.h"
#include "host/app/nats_options.h"
#include "host/app/new_job.h"
#include "host/app/progress_bar.h"
#include "host/domain/job_codec.h"
#include "host/domain/progress_codec.h"
#include "host/nats/connection.h"
#include "host/nats/job_publisher.h"
#include "host/nats/progress_watcher.h"

namespace dsw {
namespace {

/// The job, checked against the database: what cannot run is refused before it is published.
Result<Job> MakeJob(const Settings& settings, const SubmitOptions& options) {
  Job job = NewJob(options.transform);
  job.mode = options.mode == "full" ? Mode::kFull : Mode::kIncremental;
  ASSIGN_OR_RETURN(const Plan plan, LoadPlan(settings, job));
  FillFrom(plan, job);
  return job;
}

void PrintEnd(const Progress& last) {
  const double seconds = last.processing_duration
                             ? static_cast<double>(last.processing_duration->count()) / 1000.0
                             : 0.0;
  fmt::print("{}: {} of {} chunks embedded, {} failed, {:.1f} s\n",
             last.state == JobState::kSuccess ? "success" : "failed", last.chunk_count,
             last.total_chunks, last.failed_chunks, seconds);
}

/// Follows the events until the last one.
Status Watch(ProgressWatcher& watcher, bool json) {
  std::optional<ProgressBar> bar;
  if (!json) bar.emplace("chunks");
  std::string last_error;
  while (true) {
    ASSIGN_OR_RETURN(const std::optional<Progress> event, watcher.Next({}));
    if (!event) continue;
    if (json) {
      fmt::print("{}\n", ProgressJson(*event));
      std::fflush(stdout);
    } else {
      if (event->error && *event->error != last_error) {
        last_error = *event->error;
        fmt::print(stderr, "\n{}\n", last_error);
      }
      if (event->total_chunks > 0) {
        bar->Update(event->chunk_count + event->failed_chunks, event->total_chunks);
      }
    }
    if (!event->final) continue;
    bar.reset();
    if (!json) PrintEnd(*event);
    if (event->state == JobState::kSuccess) return {};
    return Fail(Code::kInternal,
                fmt::format("job {} failed: {}", event->job_id, event->error.value_or("?")));
  }
}

}  // namespace

Status Submit(const Settings& settings, const SubmitOptions& options) {
  ASSIGN_OR_RETURN(const Job job, MakeJob(settings, options));
  ASSIGN_OR_RETURN(
      const std::unique_ptr<NatsConnection> nats,
      NatsConnection::Open(NatsConnectionOptionsFrom(settings, "worker-datasets submit")));
  RETURN_IF_ERROR(EnsureTopology(*nats, NatsTopologyFrom(settings)));
  std::unique_ptr<ProgressWatcher> watcher;
  if (options.watch) {
    ASSIGN_OR_RETURN(watcher, ProgressWatcher::Open(*nats, settings.nats_status_stream,
                                                    job.dataset_transform_id, job.job_id));
  }
  ASSIGN_OR_RETURN(const PublishedJob published,
                   PublishJob(*nats, settings.nats_stream, JobJson(job), job.job_id));
  if (!options.json || !options.watch) PrintPublished(job, published, options.json);
  if (watcher == nullptr) return {};
  return Watch(*watcher, options.json);
}

}  // namespace dsw
