// SPDX-License-Identifier: Apache-2.0
#include "host/app/new_job.h"

#include <cstdio>

#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace dsw {

Job NewJob(std::int64_t transform) {
  Job job;
  job.job_id = boost::uuids::to_string(boost::uuids::random_generator()());
  job.dataset_transform_id = transform;
  return job;
}

void FillFrom(const Plan& plan, Job& job) {
  job.owner_id = plan.owner_id;
  job.dataset_id = plan.dataset_id;
}

void PrintPublished(const Job& job, const PublishedJob& published, bool json) {
  if (json) {
    const nlohmann::ordered_json document = {{"job_id", job.job_id},
                                             {"dataset_transform_id", job.dataset_transform_id},
                                             {"stream", published.stream},
                                             {"sequence", published.sequence}};
    fmt::print("{}\n", document.dump());
  } else {
    fmt::print("job {} for transform {}: message {} of stream {}\n", job.job_id,
               job.dataset_transform_id, published.sequence, published.stream);
  }
  std::fflush(stdout);
}

}  // namespace dsw
