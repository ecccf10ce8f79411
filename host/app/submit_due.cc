// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "host/app/commands.h"
#include "host/app/failures.h"
#include "host/app/nats_options.h"
#include "host/app/new_job.h"
#include "host/app/pipeline_options.h"
#include "host/base/clock.h"
#include "host/domain/job_codec.h"
#include "host/nats/connection.h"
#include "host/nats/job_publisher.h"
#include "host/postgres/dataset_store.h"
#include "host/postgres/due_transforms.h"

namespace dsw {
namespace {

/// Publishes and prints a job, unless one for the same state of things was published lately.
Status SubmitOne(const DueTransform& due, PostgresStore& datasets, const NatsConnection& nats,
                 const std::string& stream, bool as_json) {
  Job job = NewJob(due.dataset_transform_id);
  ASSIGN_OR_RETURN(const Plan plan, datasets.LoadPlan(job));
  FillFrom(plan, job);
  ASSIGN_OR_RETURN(const PublishedJob published,
                   PublishJob(nats, stream, JobJson(job),
                              fmt::format("due-{}-{}", due.dataset_transform_id, due.state)));
  if (!published.duplicate) PrintPublished(job, published, as_json);
  return {};
}

}  // namespace

Status SubmitDue(const Settings& settings, bool json) {
  SystemClock clock;
  ASSIGN_OR_RETURN(const std::unique_ptr<Database> database,
                   Database::Open({.url = settings.database_url}, clock));
  PostgresStore datasets(*database, StoreOptionsFrom(settings));
  RETURN_IF_ERROR(datasets.Health());
  ASSIGN_OR_RETURN(const std::vector<DueTransform> due, FindDueTransforms(*database));
  ASSIGN_OR_RETURN(
      const std::unique_ptr<NatsConnection> nats,
      NatsConnection::Open(NatsConnectionOptionsFrom(settings, "worker-datasets submit")));
  RETURN_IF_ERROR(EnsureTopology(*nats, NatsTopologyFrom(settings)));
  Failures failures;
  for (const DueTransform& transform : due) {
    // One that cannot run keeps no other from running.
    const Status done = SubmitOne(transform, datasets, *nats, settings.nats_stream, json);
    if (!done) failures.Add(done.error());
  }
  return failures.Last();
}

}  // namespace dsw
