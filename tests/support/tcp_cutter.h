// SPDX-License-Identifier: Apache-2.0
//
// Stands between a client and a server of 127.0.0.1: passes bytes on, and breaks connections as it
// is told, or at random.
#pragma once

#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>

#include "tests/support/loopback.h"

namespace dsw {

enum class Direction { kToServer, kToClient };

/// What becomes of a connection.
enum class Ending {
  kClose,  ///< An orderly end, for both sides.
  kReset,  ///< RST to both sides.
  kStall,  ///< Nothing passes any more, and nobody is told.
  kMute,   ///< What the server says does not arrive any more; what it is told does.
};

/// Ends a connection once `after` bytes have passed in a direction, those up to the end of `text`
/// not counted; what comes before arrives.
struct Cut {
  Direction direction = Direction::kToServer;
  std::uint64_t after = 0;
  Ending ending = Ending::kReset;
  std::string text{};
};

/// Has a thread of its own. Thread-safe.
class TcpCutter {
 public:
  /// Throws when it cannot listen. Nobody needs to listen on `target_port` yet.
  explicit TcpCutter(int target_port);
  /// Resets what is open.
  ~TcpCutter();
  TcpCutter(const TcpCutter&) = delete;
  TcpCutter& operator=(const TcpCutter&) = delete;

  int port() const { return listener_.port(); }

  /// Each connection that is made from now on meets this end.
  void CutEach(const Cut& cut);
  /// Every open connection does; bytes count from now.
  void CutOpen(const Cut& cut);
  /// Of the connections made from now on, this share breaks, somewhere in its first `within` bytes
  /// of either direction, in any of the ways but kMute.
  void CutAtRandom(std::uint64_t seed, double share, std::uint64_t within);
  /// No further faults; stalled connections are reset.
  void Pass();

  /// Connections made so far, and those that it ended.
  int made() const;
  int ended() const;

 private:
  struct Link;

  void Run();
  void Accept();
  void Move(Link& link, short client_events, short server_events);
  void Transfer(Link& link, Direction direction);
  void End(Link& link, Ending ending);
  std::optional<Cut> Fate();
  void Wake();

  const int target_port_;
  const LoopbackListener listener_{SOCK_NONBLOCK};
  int wake_[2] = {-1, -1};

  mutable std::mutex mutex_;
  std::list<Link> links_;
  std::optional<Cut> each_;
  double share_ = 0;
  std::uint64_t within_ = 0;
  std::mt19937_64 random_;
  int made_ = 0;
  int ended_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace dsw
