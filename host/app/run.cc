// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "host/app/commands.h"
#include "host/app/plugin_host.h"
#include "host/app/shutdown.h"
#include "host/app/terminal.h"
#include "host/app/worker.h"
#include "host/base/log.h"
#include "host/base/utf8.h"
#include "host/plugin/running_calls.h"

namespace dsw {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr milliseconds kTick{200};
constexpr seconds kStartPatience{60};
/// What a batch that is cut has to be recorded.
constexpr milliseconds kLastRecord{500};

std::vector<std::string> RunningPluginCalls() {
  std::vector<std::string> calls;
  for (const RunningCall& call : RunningCalls::OfProcess().List(steady_clock::now())) {
    calls.push_back(call.Describe());
  }
  return calls;
}

bool MayPass(const Error& error) {
  return error.code == Code::kUnavailable && error.repeat.value_or(true);
}

/// Starts the worker; while NATS or the database cannot be reached yet, tries again for a minute.
/// What somebody has to mend first is an error at once. Null when told to stop before that.
Result<std::unique_ptr<Worker>> StartPatiently(const Settings& settings, PluginHost& plugins,
                                               Shutdown& shutdown) {
  const auto deadline = steady_clock::now() + kStartPatience;
  while (!shutdown.token().stop_requested()) {
    Result<std::unique_ptr<Worker>> worker = Worker::Start(settings, plugins);
    if (worker || !MayPass(worker.error()) || steady_clock::now() >= deadline) return worker;
    Log(LogLevel::kWarn, "app", "cannot start yet, trying again",
        {{"error", worker.error().message}});
    shutdown.Wait(seconds(2));
  }
  return std::unique_ptr<Worker>();
}

/// Serves until a signal comes or, if asked for, until there is nothing left to do. An error when
/// there is nothing left to serve from.
Status Serve(Worker& worker, bool until_idle, Shutdown& shutdown) {
  while (!shutdown.Wait(kTick)) {
    if (const std::optional<Error> failure = worker.failure()) return Fail(*failure);
    if (until_idle && worker.Idle()) {
      Log(LogLevel::kInfo, "app", "no job is waiting, in flight or delayed");
      return {};
    }
  }
  return {};
}

/// Whoever waits for the jobs to be done is told of those that never will be.
Status CheckDeadLetters(const DeadLetterTally& tally) {
  if (tally.letters == 0) return {};
  return Fail(
      Code::kInternal,
      fmt::format("{} dead letter{} written, of job {}: `worker-datasets dlq list` says why",
                  tally.letters, tally.letters == 1 ? " was" : "s were",
                  Visible(fmt::format("{}", fmt::join(tally.jobs, ", ")))));
}

/// Gives batches in flight their time, then cuts them.
void FinishJobs(Worker& worker, Shutdown& shutdown) {
  Log(LogLevel::kInfo, "app", "shutting down");
  shutdown.Begin();
  worker.pool().Drain();
  while (!worker.pool().WaitEnded(kTick)) {
    const auto over = steady_clock::now() - shutdown.patience_ends();
    if (over >= milliseconds(0)) worker.pool().Cancel();
    if (over >= kLastRecord) worker.CancelDatabase();
  }
}

}  // namespace

Status RunWorker(const Settings& settings, const RunOptions& options) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Shutdown> shutdown,
                   Shutdown::Watch({.patience = settings.shutdown_timeout,
                                    .still_running = &RunningPluginCalls}));
  shutdown->Enter("loading plugins");
  ASSIGN_OR_RETURN(const std::unique_ptr<PluginHost> plugins, PluginHost::Open(settings));
  shutdown->Enter("connecting");
  ASSIGN_OR_RETURN(std::unique_ptr<Worker> worker, StartPatiently(settings, *plugins, *shutdown));
  if (worker == nullptr) return {};
  shutdown->Enter("serving jobs");
  Status served = Serve(*worker, options.until_idle, *shutdown);
  shutdown->Enter("finishing jobs");
  FinishJobs(*worker, *shutdown);
  if (served && options.until_idle) served = CheckDeadLetters(worker->pool().dead_letters());
  shutdown->Enter("closing connections");
  worker.reset();
  shutdown->Enter("shutting down plugins");
  return served;
}

}  // namespace dsw
