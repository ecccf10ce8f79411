// SPDX-License-Identifier: Apache-2.0
//
// The job threads: each takes a delivery, sees it through, and takes the next.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "host/pipeline/worker_context.h"
#include "host/ports/job_queue.h"

namespace dsw {

/// Jobs that were moved to the dead-letter queue.
struct DeadLetterTally {
  std::int64_t letters = 0;      ///< A large job may end in several.
  std::set<std::string> jobs{};  ///< Their ids, as far as a few; "?" for those nobody can read.
};

/// Starts its threads when made and joins them when destroyed. Thread-safe.
class WorkerPool {
 public:
  /// Borrows `worker`. `jobs` threads, at least one.
  WorkerPool(int jobs, const WorkerContext& worker);
  ~WorkerPool();

  /// What this pool's jobs ended in.
  DeadLetterTally dead_letters() const;
  /// Jobs being run now.
  int active() const { return active_; }

  /// Takes no further jobs; those under way finish their batches in flight and are handed back.
  void Drain() { drain_.request_stop(); }
  /// Drains, and cuts the batches in flight.
  void Cancel();
  /// Waits until every thread has ended after Drain() or Cancel(); false when it takes longer.
  bool WaitEnded(std::chrono::milliseconds most);

 private:
  void Work();
  void Count(const std::string& dead_job);

  const WorkerContext& worker_;
  std::stop_source drain_;
  std::stop_source cancel_;
  mutable std::mutex mutex_;
  DeadLetterTally dead_letters_;  ///< Guarded by mutex_.

  std::atomic<int> active_ = 0;
  std::atomic<int> running_threads_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace dsw
