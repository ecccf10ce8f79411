// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <memory>

#include <unistd.h>

#include "host/app/commands.h"
#include "host/app/signals.h"
#include "host/app/worker.h"
#include "host/base/log.h"

namespace dsw {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kTick{200};
constexpr seconds kStartPatience{60};

/// Starts the worker; while NATS or the database cannot be reached yet, tries again for a minute.
/// Null when told to stop before that.
Result<std::unique_ptr<Worker>> StartPatiently(const Settings& settings,
                                               StopSignalWaiter& signals) {
  const auto deadline = std::chrono::steady_clock::now() + kStartPatience;
  while (true) {
    Result<std::unique_ptr<Worker>> worker = Worker::Start(settings);
    if (worker || worker.error().code != Code::kUnavailable ||
        std::chrono::steady_clock::now() >= deadline) {
      return worker;
    }
    Log(LogLevel::kWarn, "app", "cannot start yet, trying again",
        {{"error", worker.error().message}});
    if (signals.Wait(seconds(2))) return std::unique_ptr<Worker>();
  }
}

/// Serves until a signal comes or, if asked for, until there is nothing left to do.
void Serve(Worker& worker, bool until_idle, StopSignalWaiter& signals) {
  while (!signals.Wait(kTick)) {
    if (until_idle && worker.Idle()) {
      Log(LogLevel::kInfo, "app", "no job is waiting, in flight or delayed");
      return;
    }
  }
}

/// Gives batches in flight their time, then cuts them. A second signal ends the process at once:
/// whatever was not recorded is done again by the next worker.
void ShutDown(Worker& worker, milliseconds patience, StopSignalWaiter& signals) {
  Log(LogLevel::kInfo, "app", "shutting down");
  const auto deadline = std::chrono::steady_clock::now() + patience;
  worker.pool().Drain();
  while (!worker.pool().WaitEnded(kTick)) {
    if (signals.Wait(milliseconds(0))) _exit(1);
    if (std::chrono::steady_clock::now() >= deadline) worker.pool().Cancel();
  }
}

}  // namespace

Status RunWorker(const Settings& settings, const RunOptions& options) {
  StopSignalWaiter signals;
  ASSIGN_OR_RETURN(const std::unique_ptr<Worker> worker, StartPatiently(settings, signals));
  if (worker == nullptr) return {};
  Serve(*worker, options.until_idle, signals);
  ShutDown(*worker, settings.shutdown_timeout, signals);
  return {};
}

}  // namespace dsw
