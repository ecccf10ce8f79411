// SPDX-License-Identifier: Apache-2.0
//
// The connection to the worker that belongs to no call.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include <dsw/plugin.h>

#include "host/isolation/wire_socket.h"
#include "host/isolation/wire_writer.h"

namespace dsw::runner {

/// Ends the process at once, without anything that the plugin left to be done at exit: the worker
/// is gone, or wants it.
[[noreturn]] void Leave();

/// The content of a log line, cut so that it fits.
void WriteLogLine(wire::Writer& writer, std::int32_t level, const dsw_str* message,
                  const dsw_kv* fields, std::size_t field_count);

/// Thread-safe for Log(); the rest is the main thread's.
class ControlConnection {
 public:
  explicit ControlConnection(int socket) : socket_(socket) {}

  /// Waits for what the worker wants; leaves when that closed the connection.
  void Next(wire::Datagram& datagram) const;
  /// Answers, in as many messages as `content` needs.
  void Reply(std::string_view content) const;
  void Log(std::int32_t level, const dsw_str* message, const dsw_kv* fields,
           std::size_t field_count) const;

 private:
  const int socket_;
};

}  // namespace dsw::runner
