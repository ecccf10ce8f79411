// SPDX-License-Identifier: Apache-2.0
//
// The end of the process: asked for by SIGTERM and SIGINT, and certain once it is.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "host/base/result.h"

namespace dsw {

struct ShutdownOptions {
  /// What the batches in flight have to end by themselves.
  std::chrono::milliseconds patience{};
  /// What everything has to end after that, before the process is ended from within.
  std::chrono::milliseconds grace = std::chrono::seconds(2);
  /// Names what hangs, for the last line of the log; called from another thread.
  std::function<std::vector<std::string>()> still_running{};
};

/// Has a thread that sees the signals, whatever the others are stuck in. It ends the process with
/// status 1 when another signal comes, and when patience and grace are over. Thread-safe.
class Shutdown {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// Takes SIGTERM and SIGINT out of circulation for this thread and those started from it: to be
  /// made before any other thread. SIGPIPE is ignored from then on: writing to a closed connection
  /// is an error value, not the end of the process. kUnavailable when the system refuses what it
  /// needs.
  static Result<std::unique_ptr<Shutdown>> Watch(ShutdownOptions options);
  Shutdown(const Shutdown&) = delete;
  Shutdown& operator=(const Shutdown&) = delete;
  /// From here on, nobody sees to the end of the process.
  ~Shutdown();

  /// What the process is at, for the last line of the log. The text outlives this.
  void Enter(std::string_view phase);
  /// As if a signal had come.
  void Begin();
  /// Requested once a signal has come.
  std::stop_token token() const { return stop_.get_token(); }
  /// True when a signal came by now or within `most`.
  bool Wait(std::chrono::milliseconds most);
  /// When patience is over; max() before a signal has come.
  TimePoint patience_ends() const { return patience_ends_; }

 private:
  explicit Shutdown(ShutdownOptions options);
  Status Open();
  void Run(const std::stop_token& stop);
  [[noreturn]] void EndProcess();

  const ShutdownOptions options_;
  int signals_ = -1;  // Constant once open, as is wake_.
  int wake_ = -1;
  std::stop_source stop_;
  std::mutex mutex_;
  std::string_view phase_ = "starting";  // Guarded by mutex_.
  std::atomic<TimePoint> patience_ends_{TimePoint::max()};
  std::jthread thread_;
};

}  // namespace dsw
