// SPDX-License-Identifier: Apache-2.0
//
// Child processes of tests: servers, the worker itself, tools. Failures to start one are thrown, as
// no test can go on without.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <signal.h>
#include <sys/types.h>

namespace dsw {

struct Command {
  std::vector<std::string> argv;           ///< argv[0] is a path, or a name to be found in PATH.
  std::map<std::string, std::string> env;  ///< Added to this process's environment.
  bool clear_env = false;                  ///< Only `env`, plus PATH.
  std::string user;                        ///< Runs as this user when this process is root.
  std::filesystem::path directory;         ///< Working directory; this process's when empty.
  std::filesystem::path stdin_file;        ///< /dev/null when empty.
  std::filesystem::path stdout_file;       ///< Appended to; /dev/null when empty.
  std::filesystem::path stderr_file;       ///< The same file as stdout when empty.
  int death_signal = SIGKILL;              ///< Sent to it when the thread that started it ends.
};

/// How a process ended.
struct ExitStatus {
  int code = -1;   ///< Exit code, -1 when a signal ended it.
  int signal = 0;  ///< The signal that ended it, else 0.

  bool ok() const { return code == 0; }
  friend bool operator==(const ExitStatus&, const ExitStatus&) = default;
};

/// A child in a process group of its own; killed, with its group, when this is destroyed. Belongs
/// to one thread at a time; the thread that makes it must outlive it.
class Process {
 public:
  explicit Process(const Command& command);
  ~Process();
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;

  pid_t pid() const { return pid_; }
  /// True until the process has ended.
  bool Running();
  /// Waits for the end; nothing when it still runs at the deadline.
  std::optional<ExitStatus> Wait(std::chrono::milliseconds at_most);
  /// Sends a signal to the process alone.
  void Signal(int signal);
  /// SIGSTOP, and waits until none of its threads runs any more; it goes on after SIGCONT.
  void Freeze();
  /// SIGKILL to the group, and waits.
  ExitStatus Kill();

 private:
  pid_t pid_ = -1;
  std::optional<ExitStatus> status_;
};

struct Output {
  ExitStatus status;
  std::string out;
  std::string err;
};

/// Runs a command to its end and captures what it printed; killed after `at_most`, which shows as
/// signal 9. The files of `command` for stdout and stderr are ignored. `input` becomes its stdin.
Output RunCommand(Command command, std::string_view input = {},
                  std::chrono::milliseconds at_most = std::chrono::minutes(1));

/// A TCP port of 127.0.0.1 that nobody listened on a moment ago.
int FreePort();

/// Calls `condition` until it is true or the time is up; its last value.
template <class Condition>
bool Eventually(Condition condition, std::chrono::milliseconds at_most = std::chrono::seconds(30)) {
  const auto deadline = std::chrono::steady_clock::now() + at_most;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) return condition();
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

}  // namespace dsw
