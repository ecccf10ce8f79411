// SPDX-License-Identifier: Apache-2.0
//
// One call at a time into a plugin's process: the worker's side of a slot.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <dsw/plugin.h>

#include "host/base/result.h"
#include "host/isolation/arena.h"
#include "host/isolation/wire_reader.h"
#include "host/isolation/wire_socket.h"
#include "host/isolation/wire_writer.h"

namespace dsw {

/// When a call has to end: what the plugin is told of through the slot, and a second later not
/// asked any more.
struct CallLimits {
  std::uint64_t deadline_mono_ns = 0;  ///< 0 for none.
  const dsw_call* call = nullptr;      ///< Whose cancellation counts; null for none.
};

/// Belongs to one thread at a time.
class Slot {
 public:
  enum class End {
    kDone,
    kTooLarge,  ///< The arguments do not fit; nothing was sent.
    kDied,      ///< The connection broke.
    kOverdue,   ///< It has not returned; its process has to go.
    kBroken,    ///< It sent what cannot be read; its process has to go.
  };
  using Fill = std::function<void(wire::Writer&)>;

  /// Serves what the plugin asks of the host. False for what makes no sense.
  class Services {
   public:
    virtual ~Services() = default;
    virtual bool Serve(Slot& slot, wire::Kind kind, wire::Reader& message) = 0;
  };

  /// With descriptors for the plugin's process.
  static Result<std::unique_ptr<Slot>> Create();
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;
  ~Slot();

  /// Socket, arena, event: what the other side gets.
  std::array<int, wire::kMostFds> peer_fds() const { return {peer_, arena_->fd(), event_}; }
  /// The other side has its copies.
  void ClosePeer();

  /// Forgets the last call, so that what the next one's arguments refer to can be put into arena().
  void Begin();
  /// Sends a call and serves it until it is done. `result` is a copy of what kDone held.
  End Call(const CallLimits& limits, const Fill& fill, Services& services, std::string& result);

  /// For Services: answers the message that is served. The block in the arena that the answer
  /// takes, for the receiver to let go, if it is that large. False when it does not fit, and
  /// nothing was sent.
  bool Reply(const Fill& fill, std::optional<std::uint64_t>* block = nullptr);
  Arena& arena() const { return *arena_; }

 private:
  enum class Wait { kMessage, kDied, kOverdue };

  Slot(int socket, int peer, int event, std::unique_ptr<Arena> arena)
      : socket_(socket), peer_(peer), event_(event), arena_(std::move(arena)) {}
  void RaiseCancel();
  Wait WaitForMessage(const CallLimits& limits);
  /// False when the peer is gone.
  bool SendMessage(wire::Kind kind, wire::Writer& writer, std::optional<std::uint64_t>* block);
  End ServeMessages(const CallLimits& limits, Services& services, std::string& result);

  const int socket_;
  int peer_;
  const int event_;
  const std::unique_ptr<Arena> arena_;
  bool replied_ = false;
  bool cancelled_ = false;
  std::uint64_t give_up_ns_ = 0;  ///< 0: not yet asked to end.
  wire::Datagram datagram_;
  std::string copy_;  ///< Of content that came through the arena.
};

/// CLOCK_MONOTONIC.
std::uint64_t MonotonicNanoseconds();

}  // namespace dsw
