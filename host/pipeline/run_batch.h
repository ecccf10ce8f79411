// SPDX-License-Identifier: Apache-2.0
//
// The life of a batch: embed, store, record, tell.
#pragma once

#include "host/base/result.h"
#include "host/domain/chunk.h"
#include "host/pipeline/open_target.h"
#include "host/pipeline/progress_meter.h"

namespace dsw {

/// Embeds the batch, stores its points, and records it once they are durable. A crash at any moment
/// leaves it unrecorded at worst; running it again then overwrites the same points. Thread-safe.
Status RunBatch(const Batch& batch, const OpenedTarget& opened, const WorkerContext& worker,
                const JobScope& scope, ProgressMeter& meter);

}  // namespace dsw
