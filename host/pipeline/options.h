// SPDX-License-Identifier: Apache-2.0
//
// The worker's policy.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "host/domain/point.h"
#include "host/lanes/call_policy.h"
#include "host/ports/vector_sink.h"

namespace dsw {

/// What becomes of a chunk that cannot be embedded.
enum class FailedChunkPolicy {
  kRecord,  ///< It is recorded as failed, with its reason; the others go on.
  kFail,    ///< Its job fails.
};

/// The worker's policy, as configured. Immutable.
struct PipelineOptions {
  Distance distance = Distance::kCosine;
  bool create_collection = true;
  PayloadStyle payload_style = PayloadStyle::kSpec;
  std::size_t upload_batch_size = 100;                 ///< Most points per upsert; at least 1.
  std::uint64_t batch_bytes = std::uint64_t{8} << 20;  ///< Most text per call, if it is several.
  int batches_in_flight = 0;                           ///< Most, per job; 0: as many as are of use.
  std::chrono::milliseconds job_timeout{std::chrono::seconds(1800)};
  CallPolicy embedder_calls{.requests_per_second = 10, .max_calls = 64};
  CallPolicy sink_calls{};
  FailedChunkPolicy failed_chunks = FailedChunkPolicy::kRecord;
  /// A job with more pending chunks in a target is shared out over the fleet; at least 1.
  std::int64_t max_chunks_per_job = 100000;
  /// How long a job whose provider no worker has is left to others before it is dead-lettered.
  std::chrono::milliseconds provider_patience{std::chrono::hours(1)};
  int max_retries = 3;  ///< Failed deliveries of a job before it is dead-lettered.
  std::vector<std::chrono::milliseconds> retry_schedule{
      std::chrono::seconds(30), std::chrono::minutes(2), std::chrono::minutes(5),
      std::chrono::minutes(15), std::chrono::hours(1)};
};

}  // namespace dsw
