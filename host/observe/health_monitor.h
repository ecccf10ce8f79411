// SPDX-License-Identifier: Apache-2.0
//
// Watches what the worker needs, in the background: who asks is answered from memory, whatever
// hangs.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "host/observe/part_health.h"
#include "host/observe/readiness.h"
#include "host/ports/worker_health.h"

namespace dsw {

/// Every check has a thread of its own, so that one that hangs holds up nothing else. A part that
/// is lost or regained is a line in the log. Thread-safe.
class HealthMonitor final : public WorkerHealth {
 public:
  /// Checks at once, and is not ready before all of them have succeeded. `on_change` is told from
  /// one thread. kUnavailable when a thread cannot be started.
  static Result<std::unique_ptr<HealthMonitor>> Start(std::vector<ReadinessCheck> checks,
                                                      std::function<void(bool ready)> on_change,
                                                      const HealthTiming& timing = {});
  /// Waits for the checks under way.
  ~HealthMonitor() override;

  bool WaitUntilReady(std::stop_token stop) override;
  void Report(std::string_view part, const Error& error) override;

  /// What is known now; the parts in the order of the checks, then those that jobs reported.
  ReadinessReport Readiness() const;

 private:
  struct Part {
    ReadinessCheck check;
    PartHealth health;
    bool well = true;  ///< As the log has it.

    const std::string& name() const { return check.name; }
  };

  /// A part that was lost or regained.
  struct News {
    ReadinessReport::Finding finding;
    bool has_check = false;
  };

  HealthMonitor(std::vector<ReadinessCheck> checks, std::function<void(bool)> on_change,
                const HealthTiming& timing);
  void StartThreads();
  void RunChecks(const std::stop_token& stop, Part& part);
  void Watch(const std::stop_token& stop);
  /// Takes stock, and returns what is to be said of it; with mutex_ held.
  std::vector<News> TakeStock(Clock::TimePoint now);
  Clock::TimePoint NextChange(Clock::TimePoint now) const;
  void Changed();
  static void Tell(const News& news);

  const HealthTiming timing_;
  const std::function<void(bool)> on_change_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::uint64_t changes_ = 0;  // Guarded by mutex_, as are the parts.
  std::vector<std::unique_ptr<Part>> parts_;
  std::vector<std::unique_ptr<Part>> unchecked_;  // Reported by jobs, without a check.
  std::atomic<bool> ready_{false};
  std::vector<std::jthread> threads_;
};

}  // namespace dsw
