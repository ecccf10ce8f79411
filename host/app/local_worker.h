// SPDX-License-Identifier: Apache-2.0
//
// The pipeline without a queue: for commands that embed by themselves.
#pragma once

#include <memory>

#include "host/app/plugin_host.h"
#include "host/base/clock.h"
#include "host/base/result.h"
#include "host/config/settings.h"
#include "host/lanes/lanes.h"
#include "host/observe/metrics.h"
#include "host/pipeline/worker_context.h"
#include "host/postgres/database.h"
#include "host/postgres/dataset_store.h"

namespace dsw {

/// Embedder, sink and database are real; NATS is not needed. Jobs are not shared out, whatever
/// their size, and nobody is told of their progress. Bound to the main thread.
class LocalWorker {
 public:
  static Result<std::unique_ptr<LocalWorker>> Open(const Settings& settings);
  ~LocalWorker();

  Database& database() { return *database_; }
  const WorkerContext& context() const { return *context_; }

 private:
  class NoQueue;
  class NoObservers;
  class AlwaysReady;

  explicit LocalWorker(const Settings& settings);
  Status Connect(const Settings& settings);

  SystemClock clock_;
  PipelineOptions options_;
  std::unique_ptr<PluginHost> plugins_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<PostgresStore> datasets_;
  std::unique_ptr<NoQueue> queue_;
  std::unique_ptr<NoObservers> progress_;
  std::unique_ptr<AlwaysReady> health_;
  std::unique_ptr<Metrics> metrics_;
  std::unique_ptr<Lanes> lanes_;
  std::unique_ptr<RangeSlots> ranges_;
  std::unique_ptr<MemoryBudget> memory_;
  Company company_;
  std::unique_ptr<WorkerContext> context_;
};

}  // namespace dsw
