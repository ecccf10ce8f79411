// SPDX-License-Identifier: Apache-2.0
//
// Takes points out of the sink that the dataset no longer has: of deleted items, and of items that
// have fewer chunks than before.
#pragma once

#include "host/base/result.h"
#include "host/pipeline/progress_meter.h"
#include "host/pipeline/target_run.h"

namespace dsw {

/// Removes all stale points of the target and records it. Repeatable after a crash.
Status RemoveStalePoints(TargetRun& run, ProgressMeter& meter);

}  // namespace dsw
