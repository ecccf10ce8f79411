// SPDX-License-Identifier: Apache-2.0
//
// A status event: what observers of a job learn while it runs and when it ends.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace dsw {

enum class JobState { kProcessing, kSuccess, kFailed };

struct Progress {
  std::string job_id;
  std::int64_t dataset_transform_id = 0;
  std::optional<std::int64_t> embedded_dataset_id{};
  std::string owner_id;
  std::int64_t dataset_id = 0;
  JobState state = JobState::kProcessing;
  bool final = false;             ///< The last event of the job.
  std::int64_t chunk_count = 0;   ///< Embedded so far, over all deliveries of the job.
  std::int64_t total_chunks = 0;  ///< Of the target, whether embedded before or not.
  std::int64_t failed_chunks = 0;
  std::int64_t batches_done = 0;
  std::int64_t tokens = 0;
  std::optional<std::string> error{};
  std::optional<std::chrono::milliseconds> processing_duration{};
  std::chrono::system_clock::time_point timestamp;
};

}  // namespace dsw
