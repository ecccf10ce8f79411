// SPDX-License-Identifier: Apache-2.0
//
// Mends what VerifyTarget() finds.
#pragma once

#include <cstdint>

#include "host/base/result.h"
#include "host/domain/job.h"
#include "host/lanes/job_scope.h"
#include "host/pipeline/verify_target.h"
#include "host/pipeline/worker_context.h"

namespace dsw {

struct Repair {
  Verification found;
  std::int64_t embedded = 0;  ///< Chunks, those that were pending before included.
  std::int64_t removed = 0;   ///< Points.
};

/// Claims the one target that `job` names, verifies and mends it, and embeds all that is pending
/// then. The target is as it should be once this returned success; when it fails on the way, what
/// was not mended is pending for the next job, or is found again. kHeld while another runner is at
/// the target.
Result<Repair> RepairTarget(const Job& job, const WorkerContext& worker, const JobScope& scope);

}  // namespace dsw
