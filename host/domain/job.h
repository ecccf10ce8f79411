// SPDX-License-Identifier: Apache-2.0
//
// A job as it came from the queue: which transform to run, and what it overrides.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "host/base/secret.h"

namespace dsw {

/// Which items a job embeds.
enum class Mode {
  kIncremental,  ///< Items that are new or whose content changed.
  kFull,         ///< All items, whatever was embedded before this job.
};

/// What a job says instead of the embedder's row; absent members keep the row's value.
struct EmbedderOverride {
  std::optional<std::string> provider{};
  std::optional<std::string> base_url{};
  std::optional<std::string> model{};
  std::optional<Secret> api_key{};  ///< A literal key or a reference, as in the row.
  std::string config_json;          ///< JSON object merged over the row's, empty for none.
  std::optional<std::int32_t> batch_size{};
  std::optional<std::int32_t> max_input_tokens{};
};

/// What a job says instead of the worker's sink settings.
struct SinkOverride {
  std::optional<std::string> url{};
  std::optional<Secret> api_key{};
};

/// The part of a target that one message of a large job is about: items by id, both inclusive.
struct JobRange {
  std::int32_t number = 0;  ///< Tells the ranges of a job apart.
  std::int64_t first_item = 0;
  std::int64_t last_item = 0;
  friend bool operator==(const JobRange&, const JobRange&) = default;
};

struct Job {
  std::string job_id;
  std::int64_t dataset_transform_id = 0;
  std::optional<std::int64_t> embedded_dataset_id{};  ///< Absent: every embedder of the transform.
  std::optional<std::string> owner_id{};
  std::optional<std::int64_t> dataset_id{};
  std::optional<std::string> collection_name{};
  std::optional<std::int32_t> batch_size{};
  std::optional<EmbedderOverride> embedder{};
  std::optional<SinkOverride> sink{};
  Mode mode = Mode::kIncremental;
  std::optional<JobRange> range{};  ///< Only together with `embedded_dataset_id`.
  bool redelivered = false;         ///< Not in the message: some worker had it before.
};

}  // namespace dsw
