// SPDX-License-Identifier: Apache-2.0
//
// What every step of a job works with: the ports, the policy, and the two ways to be stopped.
#pragma once

#include <chrono>
#include <stop_token>
#include <vector>

#include "host/base/clock.h"
#include "host/domain/point.h"
#include "host/ports/dataset_store.h"
#include "host/ports/plugin_catalog.h"
#include "host/ports/progress_bus.h"
#include "host/ports/telemetry.h"

namespace dsw {

/// The worker's policy, as configured. Immutable.
struct PipelineOptions {
  Distance distance = Distance::kCosine;
  bool create_collection = true;
  PayloadStyle payload_style = PayloadStyle::kSpec;
  std::size_t upload_batch_size = 100;  ///< Most points per upsert; at least 1.
  int batches_in_flight = 4;            ///< Per job.
  std::chrono::milliseconds job_timeout{std::chrono::seconds(1800)};
  std::chrono::milliseconds embedder_timeout{std::chrono::seconds(60)};  ///< Of one attempt.
  std::chrono::milliseconds sink_timeout{std::chrono::seconds(60)};      ///< Of one attempt.
  int call_retries = 3;  ///< Further attempts at an embed or sink call, within a delivery.
  std::chrono::milliseconds call_retry_delay{1000};  ///< Before the first of them; doubles.
  int max_retries = 3;  ///< Failed deliveries of a job before it is dead-lettered.
  std::vector<std::chrono::milliseconds> retry_schedule{
      std::chrono::seconds(30), std::chrono::minutes(2), std::chrono::minutes(5),
      std::chrono::minutes(15), std::chrono::hours(1)};
};

/// How a worker is told to end. `drain`: begin nothing new. `cancel`: give up what is under way.
struct StopSignals {
  std::stop_token drain;
  std::stop_token cancel;
};

/// Borrowed by every job thread; outlives them all.
struct WorkerContext {
  DatasetStore& datasets;
  PluginCatalog& plugins;
  ProgressBus& progress;
  Telemetry& telemetry;
  Clock& clock;
  const PipelineOptions& options;
};

}  // namespace dsw
