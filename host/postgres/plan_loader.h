// SPDX-License-Identifier: Apache-2.0
//
// From a job to its plan: the rows of the transform, its dataset and its embedders, with what the
// job overrides.
#pragma once

#include <cstdint>

#include "host/base/result.h"
#include "host/domain/job.h"
#include "host/domain/plan.h"
#include "host/postgres/database.h"

namespace dsw {

/// DatasetStore::LoadPlan. `default_batch_size` counts where neither the job nor the embedder's row
/// says (0 or less).
Result<Plan> LoadPlan(Database& database, const Job& job, std::int32_t default_batch_size);

}  // namespace dsw
