// SPDX-License-Identifier: Apache-2.0
//
// The life of a batch: embed, store, record, tell.
#pragma once

#include "host/base/result.h"
#include "host/domain/chunk.h"
#include "host/pipeline/progress_meter.h"
#include "host/pipeline/target_run.h"

namespace dsw {

/// Embeds the batch, stores its points, and records it once they are durable. A crash at any moment
/// leaves it unrecorded at worst; running it again then overwrites the same points. Thread-safe.
Status RunBatch(const Batch& batch, TargetRun& run, ProgressMeter& meter);

}  // namespace dsw
