// SPDX-License-Identifier: Apache-2.0
//
// Sockets on 127.0.0.1.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

namespace dsw {

sockaddr_in LoopbackAddress(int port);

/// Listens on a free port. Until somebody accepts them, connections come to be, as the kernel makes
/// them, and nobody reads from them or answers. Immutable after construction.
class LoopbackListener {
 public:
  /// `flags` of the socket are added to SOCK_CLOEXEC. Throws when it cannot listen.
  explicit LoopbackListener(int flags = 0);
  ~LoopbackListener();
  LoopbackListener(const LoopbackListener&) = delete;
  LoopbackListener& operator=(const LoopbackListener&) = delete;

  int socket() const { return socket_; }
  int port() const { return port_; }

 private:
  const int socket_;
  int port_ = 0;
};

}  // namespace dsw
