// SPDX-License-Identifier: Apache-2.0
//
// One call at a time for the worker: the plugin's side of a slot.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string_view>

#include <dsw/plugin.h>

#include "host/isolation/wire_reader.h"
#include "host/isolation/wire_socket.h"
#include "host/isolation/wire_writer.h"

namespace dsw::runner {

/// Never destroyed: the plugin's threads may still hold a call of it. What the plugin's threads use
/// is thread-safe; they take turns.
class Slot {
 public:
  using Fill = std::function<void(wire::Writer&)>;
  using Handler = std::function<void(Slot& slot, wire::Reader& call, wire::Writer& done)>;

  /// Takes over the descriptors; null when the arena cannot be mapped.
  static Slot* Open(const int (&fds)[wire::kMostFds]);

  /// Serves calls with `handler` until the worker is gone, which ends the process.
  [[noreturn]] void Serve(const Handler& handler);

  /// Tells the host something, without an answer. Nothing when the call has returned.
  void Post(wire::Kind kind, const Fill& fill);
  /// Asks the host; `use` gets the answer while nobody else can ask. `in_arena`: the answer's views
  /// stay as they are until the host is told to let it go. False when the call has returned or the
  /// question is too large.
  using Use = std::function<void(wire::Reader& answer, bool in_arena)>;
  bool Ask(wire::Kind kind, const Fill& fill, const Use& use);

  /// Of the call that is served now; differs from call to call.
  std::uint64_t call_number() const { return call_number_; }
  int cancel_fd() const { return cancel_fd_; }
  bool cancelled() const;
  char* At(std::uint64_t offset) const { return arena_ + offset; }

  /// The slot that this thread serves a call of, or null.
  static Slot* Current();

 private:
  Slot(int socket, char* arena, int cancel_fd)
      : socket_(socket), arena_(arena), cancel_fd_(cancel_fd) {}
  enum class Sent { kTooLarge, kAnswered, kAlone };
  /// Needs mutex_. What lies in the arena is always answered, so that it stays until it was read.
  Sent SendMessage(wire::Kind kind, std::uint32_t flags, const Fill& fill);
  std::string_view ContentOf(const wire::Datagram& datagram) const;

  const int socket_;
  char* const arena_;
  const int cancel_fd_;
  std::mutex mutex_;
  bool active_ = false;            // Guarded by mutex_.
  std::uint64_t call_number_ = 0;  // Changes only between calls.
};

}  // namespace dsw::runner
