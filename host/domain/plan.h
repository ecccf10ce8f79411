// SPDX-License-Identifier: Apache-2.0
//
// What the database says is to be done for a job: one target per embedder of the transform.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/base/secret.h"
#include "host/domain/job.h"

namespace dsw {

/// What becomes of a chunk that is longer than the model's limit.
enum class Truncate {
  kNone,   ///< It is recorded as failed.
  kStart,  ///< Its beginning is cut off.
  kEnd,    ///< Its end is cut off.
};

/// An embedder as configured: row of `embedders`, overridden by the job.
struct EmbedderConfig {
  std::int64_t embedder_id = 0;
  std::string provider;     ///< A provider id or alias, as "openai".
  std::string model;        ///< Empty: the provider's default.
  std::string base_url;     ///< Empty: the provider's default.
  Secret api_key;           ///< "env:NAME", "file:/path", "enc:v1:…" or a literal; maybe empty.
  std::string config_json;  ///< JSON object with the provider's own settings.
  std::int32_t batch_size = 0;        ///< Chunks per batch; at least 1.
  std::int32_t max_input_tokens = 0;  ///< 0: the model's own limit.
  Truncate truncate = Truncate::kNone;
};

/// One dataset embedded by one embedder into one collection.
struct Target {
  std::int64_t embedded_dataset_id = 0;
  std::string collection;
  EmbedderConfig embedder;
};

struct Plan {
  std::string job_id;
  std::optional<JobRange> range{};  ///< The only target's items that the job is about; else all.
  std::int64_t dataset_transform_id = 0;
  std::int64_t dataset_id = 0;
  std::string owner_id;
  std::string title;  ///< The transform's.
  Mode mode = Mode::kIncremental;
  std::vector<Target> targets;  ///< At least one.
};

}  // namespace dsw
