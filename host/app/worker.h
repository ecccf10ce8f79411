// SPDX-License-Identifier: Apache-2.0
//
// The worker's object graph: every adapter, wired to the pipeline.
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "host/app/plugin_host.h"
#include "host/app/plugin_watch.h"
#include "host/base/clock.h"
#include "host/base/result.h"
#include "host/config/settings.h"
#include "host/lanes/lanes.h"
#include "host/nats/connection.h"
#include "host/nats/progress_publisher.h"
#include "host/nats/pull_queue.h"
#include "host/observe/health_monitor.h"
#include "host/observe/http_server.h"
#include "host/observe/metrics.h"
#include "host/pipeline/worker_context.h"
#include "host/pipeline/worker_pool.h"
#include "host/postgres/database.h"
#include "host/postgres/dataset_store.h"

namespace dsw {

/// A running worker. Members stand in the order in which they are made; they end in reverse, the
/// job threads first. Bound to the main thread.
class Worker {
 public:
  /// Connects and starts to serve jobs; `plugins` outlives the worker. An error names what is
  /// missing; kUnavailable where waiting may help, unless its `repeat` says otherwise.
  static Result<std::unique_ptr<Worker>> Start(const Settings& settings, PluginHost& plugins);
  /// Breaks off what is under way.
  ~Worker();

  WorkerPool& pool() { return *pool_; }
  /// Breaks off the calls to the database; jobs that still run fail.
  void CancelDatabase() { database_->Cancel(); }
  /// True when no job is waiting, in flight or delayed, here or elsewhere.
  bool Idle();
  /// Why no further job can be taken, by anybody's waiting: the queue is gone for good.
  std::optional<Error> failure() const;

 private:
  Worker(const Settings& settings, PluginHost& plugins);
  Status Open(const Settings& settings);
  std::vector<ReadinessCheck> ReadinessChecks();
  void CountPlugins();
  bool ReloadPlugins(bool refused);
  Status CheckQueue();

  SystemClock clock_;
  PipelineOptions options_;
  PluginHost& plugins_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<PostgresStore> datasets_;
  std::unique_ptr<NatsConnection> nats_;
  std::unique_ptr<PullQueue> queue_;
  mutable std::mutex failure_mutex_;
  std::optional<Error> failure_;  ///< Guarded by failure_mutex_.
  std::unique_ptr<ProgressPublisher> progress_;
  std::unique_ptr<Metrics> metrics_;
  std::unique_ptr<HealthMonitor> health_;
  std::unique_ptr<HttpServer> http_;
  std::unique_ptr<Lanes> lanes_;
  std::unique_ptr<RangeSlots> ranges_;
  std::unique_ptr<MemoryBudget> memory_;
  Company company_;
  std::unique_ptr<WorkerContext> context_;
  std::unique_ptr<WorkerPool> pool_;
  std::unique_ptr<PluginWatch> watch_;
};

}  // namespace dsw
