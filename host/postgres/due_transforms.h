// SPDX-License-Identifier: Apache-2.0
//
// Which transforms have something to embed, and nobody at it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/base/result.h"
#include "host/postgres/database.h"

namespace dsw {

struct DueTransform {
  std::int64_t dataset_transform_id = 0;
  /// Names what is to be done: the same for as long as a job for it has not succeeded and neither
  /// the dataset nor what is recorded of it changed. Short, and of plain characters.
  std::string state;
};

/// Enabled transforms, by id, of whose dataset chunks are pending, or points stale, for any of
/// their embedders, unless a job is under way: one that holds a claim to a target of the transform,
/// or that began, or recorded a batch, within the last hour and has not ended. Jobs that no worker
/// has taken yet are not known here, nor is what only the embedder's plugin can tell. Takes time
/// that grows with the number of items.
Result<std::vector<DueTransform>> FindDueTransforms(Database& database);

}  // namespace dsw
