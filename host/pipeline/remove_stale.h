// SPDX-License-Identifier: Apache-2.0
//
// Takes points out of the sink that the dataset no longer has: of deleted items, and of items that
// have fewer chunks than before.
#pragma once

#include "host/base/result.h"
#include "host/pipeline/open_target.h"
#include "host/pipeline/progress_meter.h"

namespace dsw {

/// Removes all stale points of the target and records it. Repeatable after a crash.
Status RemoveStalePoints(const OpenedTarget& opened, const WorkerContext& worker,
                         const JobScope& scope, ProgressMeter& meter);

}  // namespace dsw
