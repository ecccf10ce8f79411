// SPDX-License-Identifier: Apache-2.0
//
// What every step of a job works with: the ports, the policy, and the ways to the upstreams.
#pragma once

#include <string>

#include "host/base/clock.h"
#include "host/lanes/lanes.h"
#include "host/pipeline/company.h"
#include "host/pipeline/memory_budget.h"
#include "host/pipeline/options.h"
#include "host/pipeline/range_slots.h"
#include "host/ports/dataset_store.h"
#include "host/ports/job_queue.h"
#include "host/ports/plugin_catalog.h"
#include "host/ports/progress_bus.h"
#include "host/ports/telemetry.h"
#include "host/ports/worker_health.h"

namespace dsw {

/// Borrowed by every job thread; outlives them all.
struct WorkerContext {
  std::string id;  ///< Names this worker.
  JobQueue& queue;
  DatasetStore& datasets;
  PluginCatalog& plugins;
  ProgressBus& progress;
  WorkerHealth& health;
  Telemetry& telemetry;
  Clock& clock;
  const PipelineOptions& options;
  Lanes& lanes;
  RangeSlots& ranges;
  MemoryBudget& memory;
  Company& company;
};

}  // namespace dsw
