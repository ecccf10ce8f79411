// SPDX-License-Identifier: Apache-2.0
//
// Keeps a plugin's process there: starts another when one dies, not too often, and not for ever.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include <dsw/plugin.h>

#include "host/base/result.h"
#include "host/isolation/death_record.h"
#include "host/isolation/runner_process.h"

namespace dsw {

/// A slot of a process, for one call. Whoever holds it says with Finish() how the call ended.
struct SlotLease {
  std::shared_ptr<RunnerProcess> process;
  std::uint64_t generation = 0;  ///< Tells processes apart, from 1.
  std::unique_ptr<Slot> slot;
};

/// How a plugin's process is doing.
struct ProcessStatus {
  enum class State {
    kRunning,
    kDown,         ///< It died; the next call starts another.
    kQuarantined,  ///< It died too often; none is started until Release().
  };
  State state = State::kRunning;
  pid_t pid = -1;  ///< Of the process that runs.
  std::uint64_t restarts = 0;
  std::uint64_t memory = 0;  ///< Bytes, what it shares with the worker included.
  std::string last_death;    ///< Empty: it never died.
};

/// Thread-safe but for Open(), Enter() and Initialise(), which come first, in this order, each
/// once.
class Supervisor {
 public:
  /// `limit` is for each step of loading, `instance_limit` for making and ending an instance.
  Supervisor(RunnerOptions options, std::chrono::milliseconds limit,
             std::chrono::milliseconds instance_limit)
      : limit_(limit),
        instance_limit_(instance_limit),
        version_(std::make_shared<Version>(Version{.options = std::move(options)})) {}

  /// Starts the first process and loads the file. kInvalid with the dynamic linker's words.
  Status Open();
  /// Runs the entry function: a RemoteOutcome and the table.
  Result<std::string> Enter();
  /// Runs the plugin's init, if it has one: a RemoteOutcome.
  Result<std::string> Initialise();
  /// Ends the plugin and its process.
  void ShutDown(bool tell);

  /// A slot of the process that runs, or of one that is started for it, after a pause that grows
  /// with each process that dies without having been of use. kUnavailable, with how the last one
  /// died, when `call` is cancelled or its deadline comes first, and at once in quarantine.
  Result<SlotLease> Acquire(const dsw_call* call);
  /// The same if the process of that generation is still there; without a slot else.
  SlotLease AcquireOf(std::uint64_t generation);
  /// Gives the slot back; `useful`: a call that did what the plugin is for has ended well. How the
  /// process died, for a call that it did not survive.
  std::string Finish(SlotLease lease, Slot::End end, bool useful);

  std::chrono::nanoseconds instance_limit() const { return instance_limit_; }
  /// Goes on with the process, and the version of the plugin, of `newer`, which has none then.
  void TakeOver(Supervisor& newer);
  ProcessStatus Look();
  /// Ends the quarantine; false when there is none.
  bool Release();

 private:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// What a process is started from.
  struct Version {
    RunnerOptions options;
    bool has_init = false;
    std::string table{};  ///< As Enter() had it.
  };

  Result<std::shared_ptr<RunnerProcess>> StartAgain(const Version& version) const;
  Status Load(const Version& version, RunnerProcess& process) const;
  /// Needs mutex_, as the next.
  void NoteDeath(const std::string& how);
  Error WhyNot() const;
  void TakeStarted(Result<std::shared_ptr<RunnerProcess>> started);

  const std::chrono::milliseconds limit_;
  const std::chrono::milliseconds instance_limit_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<Version> version_;  // Guarded by mutex_, as the rest. Immutable once loaded.
  std::shared_ptr<RunnerProcess> current_;
  std::uint64_t generation_ = 0;
  std::uint64_t restarts_ = 0;
  bool starting_ = false;
  bool ended_ = false;
  DeathRecord deaths_;
  std::string last_death_;
};

/// Bit i: the host writes lines of DSW_LOG_* level i.
std::uint32_t LogLevelsOf(const dsw_host& host);

}  // namespace dsw
