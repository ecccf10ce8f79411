// SPDX-License-Identifier: Apache-2.0
//
// What every step of a job works with: the ports, the policy, and the ways to the upstreams.
#pragma once

#include "host/base/clock.h"
#include "host/lanes/lanes.h"
#include "host/pipeline/options.h"
#include "host/ports/dataset_store.h"
#include "host/ports/plugin_catalog.h"
#include "host/ports/progress_bus.h"
#include "host/ports/telemetry.h"

namespace dsw {

/// Borrowed by every job thread; outlives them all.
struct WorkerContext {
  DatasetStore& datasets;
  PluginCatalog& plugins;
  ProgressBus& progress;
  Telemetry& telemetry;
  Clock& clock;
  const PipelineOptions& options;
  Lanes& lanes;
};

}  // namespace dsw
