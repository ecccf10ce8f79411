// SPDX-License-Identifier: Apache-2.0
//
// Client-side deadlines for calls of libpq, which has none: a server that is stopped, or a path
// that swallows packets, would hold a call for ever.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "host/base/result.h"

namespace dsw {

/// A second descriptor of a connection's socket: it stays the same socket whatever libpq does with
/// its own.
class SocketHandle {
 public:
  /// Throws std::system_error when no descriptor is left.
  explicit SocketHandle(int socket);
  SocketHandle(const SocketHandle&) = delete;
  SocketHandle& operator=(const SocketHandle&) = delete;
  ~SocketHandle();

  /// Both sides see the connection end; who waits for it goes on. From any thread.
  void Shutdown() const;

 private:
  const int socket_;
};

/// Has one thread, which ends the connections of calls that are over their time. Thread-safe.
class DeadlineKeeper {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  enum class Ended { kNot, kOverdue, kCancelled };

  /// kUnavailable when its thread cannot be started.
  static Result<std::unique_ptr<DeadlineKeeper>> Start();
  ~DeadlineKeeper();

  /// A call, as long as this lives. Belongs to one thread at a time.
  class Call {
   public:
    Call(DeadlineKeeper& keeper, std::shared_ptr<const SocketHandle> socket, TimePoint deadline);
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    ~Call();

    /// Whether the keeper has ended its connection, and why.
    Ended ended() const { return ended_; }

   private:
    friend class DeadlineKeeper;
    void End(Ended why);

    DeadlineKeeper& keeper_;
    const std::shared_ptr<const SocketHandle> socket_;
    const TimePoint deadline_;
    std::atomic<Ended> ended_{Ended::kNot};
  };

  /// Ends the connections of all calls, those under way and those to come.
  void Cancel();

 private:
  DeadlineKeeper() = default;
  void Run(const std::stop_token& stop);

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::set<std::pair<TimePoint, Call*>> calls_;  // Guarded by mutex_, as are the following.
  TimePoint wakes_ = TimePoint::min();           // When the thread looks next.
  bool cancelled_ = false;
  std::jthread thread_;
};

}  // namespace dsw
