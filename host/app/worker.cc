// SPDX-License-Identifier: Apache-2.0
#include "host/app/worker.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "host/app/nats_options.h"
#include "host/app/pipeline_options.h"
#include "host/app/plugin_control.h"
#include "host/app/worker_id.h"
#include "host/base/log.h"
#include "host/plugin/running_calls.h"

namespace dsw {
namespace {

/// A job reads with one connection and records with another; a third of reserve for its batches.
std::size_t PoolSize(const Settings& settings) {
  if (settings.database_pool_size > 0) {
    return static_cast<std::size_t>(settings.database_pool_size);
  }
  return static_cast<std::size_t>(settings.worker_concurrency) * 3;
}

/// A call that cannot be made to return holds a thread, and may hold whatever the plugin needs.
Status CheckPluginCalls() {
  const std::vector<RunningCall> stuck =
      RunningCalls::OfProcess().FindStuck(std::chrono::steady_clock::now());
  if (stuck.empty()) return {};
  return Fail(Error{.code = Code::kTimeout,
                    .message = fmt::format("{} stuck, the oldest in {}",
                                           stuck.size() == 1 ? "a call is" : "several calls are",
                                           stuck.front().Describe()),
                    .origin = Origin::kWorker});
}

}  // namespace

Result<std::unique_ptr<Worker>> Worker::Start(const Settings& settings, PluginHost& plugins) {
  std::unique_ptr<Worker> worker(new Worker(settings, plugins));
  RETURN_IF_ERROR(worker->Open(settings));
  return worker;
}

Worker::Worker(const Settings& settings, PluginHost& plugins)
    : options_(PipelineOptionsFrom(settings)), plugins_(plugins) {}

Worker::~Worker() {
  // Nobody else needs it by then, and a check may be waiting for it.
  pool_.reset();
  if (database_ != nullptr) database_->Cancel();
}

Status Worker::Open(const Settings& settings) {
  ASSIGN_OR_RETURN(
      database_,
      Database::Open({.url = settings.database_url, .pool_size = PoolSize(settings)}, clock_));
  datasets_ = std::make_unique<PostgresStore>(*database_, StoreOptionsFrom(settings));
  RETURN_IF_ERROR(datasets_->Health());

  ASSIGN_OR_RETURN(
      nats_, NatsConnection::Open(NatsConnectionOptionsFrom(settings, settings.otel_service_name)));
  RETURN_IF_ERROR(EnsureTopology(*nats_, NatsTopologyFrom(settings)));
  ASSIGN_OR_RETURN(queue_, PullQueue::Open(*nats_, {.topology = NatsTopologyFrom(settings),
                                                    .worker = WorkerId()}));
  ASSIGN_OR_RETURN(progress_, ProgressPublisher::Open(*nats_));

  metrics_ = std::make_unique<Metrics>(settings.otel_service_name);
  metrics_->SetPluginProcesses([this] { return ProcessStates(plugins_.plugins()); });
  CountPlugins();
  ASSIGN_OR_RETURN(health_, HealthMonitor::Start(ReadinessChecks(), [this](bool ready) {
                     metrics_->SetReady(ready);
                   }));
  ASSIGN_OR_RETURN(
      http_,
      HttpServer::Start(
          {.address = settings.metrics_address, .port = static_cast<int>(settings.metrics_port)},
          *metrics_, [this] { return health_->Readiness(); },
          PluginActions(plugins_.plugins(), [this] { return ReloadPlugins(true); })));

  lanes_ = std::make_unique<Lanes>(options_.embedder_calls, options_.sink_calls, clock_, *metrics_);
  const auto job_threads = static_cast<int>(settings.worker_concurrency);
  ranges_ = std::make_unique<RangeSlots>(job_threads);
  memory_ = std::make_unique<MemoryBudget>(BatchMemoryFrom(settings));
  context_ = std::make_unique<WorkerContext>(
      WorkerContext{WorkerId(), *queue_, *datasets_, plugins_.catalog(), *progress_, *health_,
                    *metrics_, clock_, options_, *lanes_, *ranges_, *memory_, company_});
  pool_ = std::make_unique<WorkerPool>(job_threads, *context_);
  watch_ = PluginWatch::Start(PluginDirectories(settings), [this] { ReloadPlugins(false); });
  Log(LogLevel::kInfo, "app", "serving jobs",
      {{"stream", settings.nats_stream},
       {"consumer", settings.nats_consumer},
       {"sink", settings.vector_sink},
       {"concurrency", std::to_string(settings.worker_concurrency)},
       {"metrics_port", std::to_string(http_->port())}});
  return {};
}

void Worker::CountPlugins() {
  const std::vector<PluginReport> files = plugins_.plugins().files();
  const auto loaded = static_cast<std::size_t>(std::count_if(
      files.begin(), files.end(), [](const PluginReport& file) { return file.loaded; }));
  metrics_->SetPlugins(loaded, files.size() - loaded);
}

bool Worker::ReloadPlugins(bool refused) {
  const bool changed = plugins_.Reload(refused);
  CountPlugins();
  return changed;
}

bool Worker::Idle() {
  if (pool_->active() > 0) return false;
  const Result<bool> idle = queue_->Idle();
  return idle && *idle && pool_->active() == 0;
}

std::optional<Error> Worker::failure() const {
  const std::lock_guard lock(failure_mutex_);
  return failure_;
}

Status Worker::CheckQueue() {
  Status health = queue_->Health();
  if (!health &&
      (health.error().code == Code::kNotFound || health.error().code == Code::kConflict)) {
    const std::lock_guard lock(failure_mutex_);
    failure_ = health.error();
  }
  return health;
}

std::vector<ReadinessCheck> Worker::ReadinessChecks() {
  return {{"nats", [this] { return CheckQueue(); }},
          {"postgresql", [this] { return datasets_->Health(); }},
          {"sink",
           [this]() -> Status {
             ASSIGN_OR_RETURN(const std::shared_ptr<VectorSink> sink,
                              plugins_.catalog().OpenSink({}));
             CallContext call;
             call.deadline = clock_.Now() + std::chrono::seconds(5);
             return sink->Health(call);
           }},
          {"plugins", &CheckPluginCalls}};
}

}  // namespace dsw
