// SPDX-License-Identifier: Apache-2.0
//
// The calls into plugins' code that have not returned, of the whole process: a call cannot be made
// to return, but it can be told of.
#pragma once

#include <chrono>
#include <list>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/ports/call_context.h"

namespace dsw {

/// As others see it.
struct RunningCall {
  std::string plugin;     ///< A provider's id; a file's name before it has said which it has.
  std::string operation;  ///< As "embed".
  std::string job_id;     ///< Empty outside jobs.
  std::chrono::seconds age{};
  bool stuck = false;  ///< Has had time to notice that it was to return.

  /// As "acme: embed for job 17, since 42 s".
  std::string Describe() const;
};

/// Thread-safe.
class RunningCalls {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  /// What a call has to notice that it is over its deadline or cancelled.
  static constexpr std::chrono::seconds kGrace{3};
  /// For code that is given no deadline: loading, creating, destroying.
  static constexpr std::chrono::seconds kUntimed{60};

  static RunningCalls& OfProcess();

  /// A call, as long as this lives; on the stack of who makes it.
  class Entry {
   public:
    /// The texts outlive it.
    Entry(std::string_view plugin, std::string_view operation);
    Entry(std::string_view plugin, std::string_view operation, const CallContext& context);
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    /// Says so when the call was reported as stuck.
    ~Entry();

   private:
    friend class RunningCalls;
    Entry(std::string_view plugin, std::string_view operation, std::string_view job_id,
          TimePoint deadline, std::stop_token cancel);
    RunningCall Seen(TimePoint now) const;

    const std::string_view plugin_;
    const std::string_view operation_;
    const std::string_view job_id_;
    const TimePoint began_;
    const TimePoint deadline_;
    const std::stop_token cancel_;
    // Guarded by the registry's mutex_.
    std::optional<TimePoint> cancel_seen_;
    bool stuck_ = false;
    std::list<Entry*>::iterator at_;
  };

  /// All of them, the oldest first.
  std::vector<RunningCall> List(TimePoint now);
  /// Takes notice of what is stuck now, says each once in the log, and returns all that are. To be
  /// called every few seconds.
  std::vector<RunningCall> FindStuck(TimePoint now);

 private:
  std::mutex mutex_;
  std::list<Entry*> entries_;  // Guarded by mutex_.
};

}  // namespace dsw
