// SPDX-License-Identifier: Apache-2.0
//
// Datagrams between the worker and a plugin's process. Both sides use it.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "host/isolation/wire.h"

namespace dsw::wire {

/// Sends `head` and, unless it lies in the arena, `content` of head.size bytes, with up to kMostFds
/// descriptors. False when the peer is gone, or does not read and the socket does not block. One
/// call sends one whole message, so that any number of threads may.
bool Send(int socket, const Head& head, std::string_view content, std::span<const int> fds = {});

constexpr std::size_t kMostFds = 3;

/// A message as it came.
struct Datagram {
  Head head{};
  std::size_t inline_size = 0;       ///< Bytes behind the head.
  char content[kInlineBytes];        ///< Uninitialised beyond inline_size.
  int fds[kMostFds] = {-1, -1, -1};  ///< Of the receiver now; -1 for none.
};

enum class Received { kMessage, kNothing, kClosed };

/// Takes the next message; with `wait` false kNothing when none is there. Datagrams that are
/// shorter than a head, longer than kDatagramBytes, or whose inline size is not what the head says
/// count as kClosed: nobody who keeps to the protocol sends them.
Received Receive(int socket, Datagram& datagram, bool wait);
/// Waits for a message with descriptors, which become close-on-exec ones; Receive() drops them.
Received ReceiveWithFds(int socket, Datagram& datagram);

}  // namespace dsw::wire
