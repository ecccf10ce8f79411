// SPDX-License-Identifier: Apache-2.0
//
// What the command line needs to know of a transform.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/base/result.h"
#include "host/postgres/database.h"

namespace dsw {

struct TransformInfo {
  struct Embedded {
    std::int64_t embedded_dataset_id = 0;
    std::int64_t embedder_id = 0;
    std::string collection;
  };

  std::int64_t dataset_transform_id = 0;
  std::string title;
  std::string owner_id;
  std::int64_t dataset_id = 0;
  std::int64_t total_chunks = 0;  ///< Of the dataset.
  bool enabled = true;
  std::vector<Embedded> embedded;  ///< By id; only those that exist already.
};

/// kNotFound names the transforms that there are.
Result<TransformInfo> FindTransform(Database& database, std::int64_t dataset_transform_id);

}  // namespace dsw
