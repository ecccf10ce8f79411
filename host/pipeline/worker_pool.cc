// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/worker_pool.h"

#include <algorithm>
#include <memory>

#include "host/base/log.h"
#include "host/pipeline/run_job.h"

namespace dsw {

WorkerPool::WorkerPool(int jobs, const WorkerContext& worker) : worker_(worker) {
  const int count = std::max(1, jobs);
  running_threads_ = count;
  for (int i = 0; i < count; ++i) {
    threads_.emplace_back([this] {
      Work();
      --running_threads_;
    });
  }
}

WorkerPool::~WorkerPool() {
  Cancel();
  for (std::thread& thread : threads_) thread.join();
}

DeadLetterTally WorkerPool::dead_letters() const {
  const std::lock_guard lock(mutex_);
  return dead_letters_;
}

void WorkerPool::Count(const std::string& dead_job) {
  constexpr std::size_t kMostJobs = 10;
  const std::lock_guard lock(mutex_);
  ++dead_letters_.letters;
  if (dead_letters_.jobs.size() < kMostJobs) dead_letters_.jobs.insert(dead_job);
}

void WorkerPool::Cancel() {
  drain_.request_stop();
  cancel_.request_stop();
}

bool WorkerPool::WaitEnded(std::chrono::milliseconds most) {
  const Clock::TimePoint deadline = worker_.clock.Now() + most;
  constexpr std::chrono::milliseconds kPoll{20};
  while (running_threads_ > 0) {
    if (worker_.clock.Now() >= deadline) return false;
    worker_.clock.WaitFor(kPoll, {});
  }
  return true;
}

void WorkerPool::Work() {
  constexpr std::chrono::seconds kAfterError{1};
  const StopSignals stops{drain_.get_token(), cancel_.get_token()};
  while (!stops.drain.stop_requested()) {
    if (!worker_.health.WaitUntilReady(stops.drain)) return;
    Result<std::unique_ptr<Delivery>> delivery = worker_.queue.Fetch(stops.drain);
    if (!delivery) {
      Log(LogLevel::kWarn, "pipeline", "cannot fetch jobs", {{"error", delivery.error().message}});
      worker_.clock.WaitFor(kAfterError, stops.drain);
      continue;
    }
    if (*delivery == nullptr) continue;
    ++active_;
    if (const auto dead = HandleDelivery(**delivery, worker_, stops)) Count(*dead);
    --active_;
  }
}

}  // namespace dsw
