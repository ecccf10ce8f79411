// SPDX-License-Identifier: Apache-2.0
//
// A server for HTTP/2 without TLS, by prior knowledge, as that of gRPC.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/loopback.h"

namespace dsw {

struct H2Request {
  std::string path;
  std::string body;
  std::size_t connection = 0;  ///< Counts from 1.
};

struct H2Reply {
  int status = 200;
  std::string body{};
  std::vector<std::pair<std::string, std::string>> trailers{};
  std::chrono::milliseconds delay{0};
  bool drop_connection = false;  ///< Instead of an answer.
};

/// Listens on 127.0.0.1. Thread-safe.
class H2cServer {
 public:
  /// Called from a thread per connection.
  using Handler = std::function<H2Reply(const H2Request&)>;

  /// `settings_delay`: passes before a connection is told `max_concurrent_streams`. Until then, and
  /// until the client has confirmed it, streams beyond it are refused one by one.
  explicit H2cServer(Handler handler, std::uint32_t max_concurrent_streams = 100,
                     std::chrono::milliseconds settings_delay = {});
  ~H2cServer();

  std::string Url(std::string_view path) const;
  std::size_t connection_count() const;
  std::size_t request_count() const;
  /// Closes those that are open, without a word.
  void CloseConnections();

 private:
  struct Peer {
    int socket = -1;
    std::thread thread;
  };
  friend class H2cSession;

  void Accept();

  const Handler handler_;
  const std::uint32_t max_concurrent_streams_;
  const std::chrono::milliseconds settings_delay_;
  const LoopbackListener listener_;
  mutable std::mutex mutex_;
  bool stopping_ = false;
  std::list<Peer> peers_;
  std::size_t request_count_ = 0;
  std::thread accepting_;
};

}  // namespace dsw
