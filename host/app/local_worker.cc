// SPDX-License-Identifier: Apache-2.0
#include "host/app/local_worker.h"

#include <chrono>
#include <limits>
#include <string>
#include <string_view>

#include "host/app/pipeline_options.h"
#include "host/app/worker_id.h"
#include "host/base/log.h"

namespace dsw {

class LocalWorker::NoQueue final : public JobQueue {
 public:
  explicit NoQueue(std::chrono::milliseconds ack_wait) : ack_wait_(ack_wait) {}

  Result<std::unique_ptr<Delivery>> Fetch(std::stop_token) override {
    return std::unique_ptr<Delivery>();
  }
  std::chrono::milliseconds ack_wait() const override { return ack_wait_; }
  Status Publish(const std::string&, const std::string&) override {
    return Fail(Code::kInternal, "this command has no queue to publish to");
  }
  Result<bool> Idle() override { return true; }
  Status Health() override { return {}; }

 private:
  const std::chrono::milliseconds ack_wait_;
};

class LocalWorker::NoObservers final : public ProgressBus {
 public:
  void Publish(const Progress&) noexcept override {}
  Status PublishFinal(const Progress&) override { return {}; }
};

class LocalWorker::AlwaysReady final : public WorkerHealth {
 public:
  bool WaitUntilReady(std::stop_token stop) override { return !stop.stop_requested(); }
  void Report(std::string_view part, const Error& error) override {
    Log(LogLevel::kWarn, "app", "a part does not work",
        {{"part", std::string(part)}, {"error", error.message}});
  }
};

Result<std::unique_ptr<LocalWorker>> LocalWorker::Open(const Settings& settings) {
  std::unique_ptr<LocalWorker> worker(new LocalWorker(settings));
  RETURN_IF_ERROR(worker->Connect(settings));
  return worker;
}

LocalWorker::LocalWorker(const Settings& settings) : options_(PipelineOptionsFrom(settings)) {
  options_.max_chunks_per_job = std::numeric_limits<std::int64_t>::max();
}

LocalWorker::~LocalWorker() = default;

Status LocalWorker::Connect(const Settings& settings) {
  ASSIGN_OR_RETURN(plugins_, PluginHost::Open(settings));
  ASSIGN_OR_RETURN(database_, Database::Open({.url = settings.database_url}, clock_));
  datasets_ = std::make_unique<PostgresStore>(*database_, StoreOptionsFrom(settings));
  RETURN_IF_ERROR(datasets_->Health());
  queue_ = std::make_unique<NoQueue>(settings.nats_ack_wait);
  progress_ = std::make_unique<NoObservers>();
  health_ = std::make_unique<AlwaysReady>();
  metrics_ = std::make_unique<Metrics>(settings.otel_service_name);
  lanes_ = std::make_unique<Lanes>(options_.embedder_calls, options_.sink_calls, clock_, *metrics_);
  ranges_ = std::make_unique<RangeSlots>(1);
  memory_ = std::make_unique<MemoryBudget>(BatchMemoryFrom(settings));
  context_ = std::make_unique<WorkerContext>(
      WorkerContext{WorkerId(), *queue_, *datasets_, plugins_->catalog(), *progress_, *health_,
                    *metrics_, clock_, options_, *lanes_, *ranges_, *memory_, company_});
  return {};
}

}  // namespace dsw
