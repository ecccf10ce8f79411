// SPDX-License-Identifier: Apache-2.0
//
// A plugin's process: started, asked, watched, ended.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <sys/types.h>

#include <dsw/plugin.h>

#include "host/base/file_descriptor.h"
#include "host/base/result.h"
#include "host/isolation/runner_output.h"
#include "host/isolation/slot.h"
#include "host/isolation/wire.h"

namespace dsw {

struct RunnerOptions {
  std::filesystem::path program;                  ///< dsw-plugin-runner.
  std::string name;                               ///< The plugin's file, for people.
  std::string sha256{};                           ///< Of its bytes, for people.
  std::shared_ptr<const FileDescriptor> bytes{};  ///< The plugin, as a sealed file.
  const dsw_host* host = nullptr;
  std::uint64_t memory = 0;  ///< Bytes that it may take; 0: any number.
  // Grants.
  bool files = false;
  bool net = false;
};

/// Thread-safe. Has one thread of its own, which starts the process, takes what it says outside of
/// calls, holds it to its memory, and learns of its end.
class RunnerProcess {
 public:
  /// kUnavailable when the program cannot be started.
  static Result<std::shared_ptr<RunnerProcess>> Start(const RunnerOptions& options);
  RunnerProcess(const RunnerProcess&) = delete;
  RunnerProcess& operator=(const RunnerProcess&) = delete;
  /// Closes the connection, upon which the process ends; kills it when it does not soon.
  ~RunnerProcess();

  /// Sends a message over the control connection and waits for its reply, which is at most
  /// kLargestTable bytes. kUnavailable when the process dies before it comes, kTimeout, after it
  /// was killed, when that takes longer than `limit`.
  Result<std::string> Ask(wire::Kind kind, std::string_view content, std::span<const int> fds,
                          std::chrono::milliseconds limit);

  bool alive() const;
  pid_t pid() const;  ///< -1 once it has ended.
  /// Bytes of memory that it used when it was last looked at, what it shares with the worker
  /// included.
  std::uint64_t memory() const { return memory_; }
  /// Ends it; `reason` is what others see as the cause, unless there is an earlier one.
  void Kill(std::string_view reason);
  /// How it ended, as "plugin process died: signal 11", once that is known; waits a little for it.
  std::string DeathText() const;

  /// A slot for one call, made if none is idle; null when all that there may be are in use.
  Result<std::unique_ptr<Slot>> TakeSlot();
  /// Of a call that ended well.
  void ReturnSlot(std::unique_ptr<Slot> slot);
  /// Of one that did not.
  void DropSlot(std::unique_ptr<Slot> slot);

 private:
  explicit RunnerProcess(const RunnerOptions& options) : options_(options) {}
  Status Spawn(int peer, int error_pipe);
  void Watch(int error_pipe);
  void WriteLine(const std::string& line);
  void SayWhatWasDropped();
  /// False when the connection is of no use any more.
  bool TakeControlMessage(wire::Datagram& datagram);
  void CheckMemory();
  void Reap();

  const RunnerOptions options_;
  int control_ = -1;
  std::thread watcher_;
  std::atomic<std::uint64_t> memory_{0};
  // Of the thread that watches.
  LineBudget budget_;
  std::chrono::steady_clock::time_point next_look_{};
  std::mutex ask_mutex_;  // Held by the one who asks.

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  pid_t pid_ = -1;        // Guarded by mutex_; -1 once reaped.
  bool dead_ = false;     // Guarded by mutex_, as the rest.
  bool leaving_ = false;  ///< It is meant to end.
  std::string kill_reason_;
  std::string death_;
  std::string reply_;
  bool reply_complete_ = false;
  std::vector<std::unique_ptr<Slot>> idle_;
  std::size_t slots_ = 0;
};

}  // namespace dsw
