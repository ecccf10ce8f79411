// SPDX-License-Identifier: Apache-2.0
//
// An HTTP/1.1 server on a plain socket for doubles of APIs: unlike a proper server it can also
// answer late, halfway, too early or not at all.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

struct ssl_ctx_st;

namespace dsw {

using HttpFields = std::vector<std::pair<std::string, std::string>>;

struct ReceivedRequest {
  std::string method;
  std::string path;    ///< As sent, without "?" and what follows.
  std::string query;   ///< As sent, behind the "?".
  HttpFields headers;  ///< Names in lower case.
  std::string body;
  std::chrono::steady_clock::time_point arrived;  ///< When the head was complete.
  std::uint64_t connection = 0;                   ///< Counts from 1.
  std::uint64_t sequence = 0;                     ///< Counts from 1, over all connections.

  /// The first value; empty when there is none.
  std::string_view header(std::string_view name) const;
};

struct HttpReply {
  enum class Fate {
    kWhole,       ///< The answer that it should be.
    kClose,       ///< No byte of an answer; the connection is closed.
    kReset,       ///< No byte of an answer; the connection is reset.
    kHang,        ///< No byte of an answer until the client gives up or the server stops.
    kCutBody,     ///< Closed after `sent` bytes of the body.
    kResetBody,   ///< Reset after `sent` bytes of the body.
    kHangInBody,  ///< Nothing more after `sent` bytes of the body.
  };

  int status = 200;
  HttpFields headers{};  ///< Content-Length and its like are added.
  std::string body{};
  std::shared_ptr<const std::string> shared_body{};  ///< Instead of `body`, when not null.
  std::chrono::milliseconds delay{0};                ///< Before the first byte.
  bool chunked = false;
  bool gzip = false;   ///< When the client accepts it.
  bool close = false;  ///< Says "Connection: close", and does it.
  Fate fate = Fate::kWhole;
  std::size_t sent = 0;
};

struct RawHttpServerOptions {
  std::chrono::milliseconds keep_alive{5000};  ///< An idle connection is closed after this long.
  std::size_t max_body_bytes = 256u << 20;     ///< A longer body is answered with 413.
  bool record = true;                          ///< Keep the requests for requests().
  bool record_bodies = true;
  /// TLS when both are given; see PrivateCa.
  std::filesystem::path certificate_file{};
  std::filesystem::path key_file{};
  /// Sees a request without its body and may answer it at once; `content_length` is 0 for chunked
  /// bodies. The connection is closed after such an answer, the body unread.
  std::function<std::optional<HttpReply>(const ReceivedRequest&, std::uint64_t content_length)>
      early{};
};

/// Listens on 127.0.0.1. Thread-safe.
class RawHttpServer {
 public:
  /// Called from a thread per connection. What it throws is answered with 500 and the text.
  using Handler = std::function<HttpReply(const ReceivedRequest&)>;

  /// Throws when it cannot listen. `port` 0 is any free one.
  explicit RawHttpServer(Handler handler, RawHttpServerOptions options = {}, int port = 0);
  ~RawHttpServer();

  int port() const { return port_; }
  /// As "http://127.0.0.1:4711/v1" for "/v1".
  std::string Url(std::string_view path = {}) const;

  /// Closes all connections and the port, and waits for the threads. Handlers must return.
  void Stop();

  std::vector<ReceivedRequest> requests() const;
  /// Requests that were complete, recorded or not.
  std::size_t request_count() const;
  std::size_t connection_count() const;
  /// Waits until request_count() is at least `count`; false when that takes 20 seconds.
  bool WaitForRequests(std::size_t count) const;
  /// Without the overhead of TLS.
  std::uint64_t bytes_received() const { return bytes_received_; }
  std::uint64_t bytes_sent() const { return bytes_sent_; }

 private:
  class Connection;
  struct Peer {
    int socket = -1;
    bool finished = false;
    std::thread thread;
  };

  void Accept();
  void Serve(Peer& peer, std::uint64_t number);
  void Record(ReceivedRequest& request);
  /// False when the server stops before.
  bool Wait(std::chrono::milliseconds duration);

  const Handler handler_;
  const RawHttpServerOptions options_;
  const std::unique_ptr<ssl_ctx_st, void (*)(ssl_ctx_st*)> tls_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<std::uint64_t> bytes_received_{0};
  std::atomic<std::uint64_t> bytes_sent_{0};

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool stopping_ = false;
  std::list<Peer> peers_;
  std::vector<ReceivedRequest> requests_;
  std::size_t request_count_ = 0;
  std::size_t connection_count_ = 0;
  std::thread accepting_;
};

}  // namespace dsw
