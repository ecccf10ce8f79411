// SPDX-License-Identifier: Apache-2.0
#include "host/app/pipeline_options.h"

#include <algorithm>
#include <chrono>
#include <string>

#include "host/app/memory_limit.h"

namespace dsw {
namespace {

Distance DistanceFrom(const std::string& name) {
  if (name == "Euclid") return Distance::kEuclid;
  if (name == "Dot") return Distance::kDot;
  return Distance::kCosine;
}

}  // namespace

std::uint64_t BatchMemoryFrom(const Settings& settings) {
  // What is left of the limit is for everything else that the process does.
  constexpr std::uint64_t kShare = 4;
  constexpr std::uint64_t kMost = 192 << 20;
  if (settings.worker_memory > 0) return static_cast<std::uint64_t>(settings.worker_memory) << 20;
  return std::min(MemoryLimit() / kShare, kMost);
}

PostgresStoreOptions StoreOptionsFrom(const Settings& settings) {
  return {.default_batch_size = static_cast<std::int32_t>(settings.embedding_batch_size),
          .batch_retention = settings.batch_retention_days * std::chrono::hours(24)};
}

PipelineOptions PipelineOptionsFrom(const Settings& settings) {
  PipelineOptions options;
  options.distance = DistanceFrom(settings.qdrant_distance);
  options.create_collection = settings.qdrant_create_collection;
  options.payload_style = settings.payload_style;
  options.upload_batch_size = static_cast<std::size_t>(settings.qdrant_upload_batch_size);
  options.batches_in_flight = static_cast<int>(settings.batches_in_flight);
  options.job_timeout = settings.job_timeout;
  for (CallPolicy* policy : {&options.embedder_calls, &options.sink_calls}) {
    policy->retries = static_cast<int>(settings.embedder_max_retries);
    policy->retry_delay = settings.embedder_retry_delay;
    policy->outage_patience = settings.embedder_outage_patience;
  }
  options.embedder_calls.timeout = settings.embedder_timeout;
  options.embedder_calls.requests_per_second =
      static_cast<int>(settings.max_embedder_requests_per_second);
  options.failed_chunks = settings.failed_chunk_policy == "fail" ? FailedChunkPolicy::kFail
                                                                 : FailedChunkPolicy::kRecord;
  options.max_chunks_per_job = settings.max_chunks_per_job;
  options.provider_patience = settings.provider_patience;
  options.max_retries = static_cast<int>(settings.max_retries);
  options.retry_schedule = settings.retry_schedule;
  return options;
}

}  // namespace dsw
