// SPDX-License-Identifier: Apache-2.0
//
// One exchange as libcurl sees it: the options of an easy handle, and its callbacks.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <curl/curl.h>

#include "host/base/result.h"
#include "host/http/body_buffer.h"
#include "host/http/curl_http_client.h"
#include "host/http/early_answer.h"
#include "host/http/egress_check.h"
#include "host/http/request_parts.h"
#include "host/ports/http_client.h"

namespace dsw {

enum class Connecting {
  kAny,    ///< A connection that is open, or a new one.
  kFresh,  ///< A new one.
  kOpen,   ///< One that is open, or none.
};

/// Belongs to the loop's thread between the two ends of MultiLoop::Run(), but for `cancelled`.
class Transfer {
 public:
  /// All is borrowed.
  Transfer(const CurlHttpClientOptions& options, const HttpRequest& request,
           const RequestParts& parts, const EgressCheck& egress);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  const std::string& origin() const { return parts_.origin; }
  std::chrono::steady_clock::time_point deadline() const { return request_.deadline; }
  /// HTTP/2 without TLS: both sides just begin with it.
  bool prior_knowledge() const { return request_.http2 && !parts_.tls; }

  /// Makes a handle ready to send the request from its beginning.
  Status Prepare(CURL* easy, Connecting connecting, const std::shared_ptr<BodyBufferPool>& pool);
  /// The outcome of the handle's transfer; to be called once per Prepare().
  Result<std::unique_ptr<HttpResponse>> Collect(CURL* easy, CURLcode code);
  /// Gives back what the attempt holds.
  void Drop();

  /// After a failure and before the other questions: the server may have answered all the same.
  void LookForEarlyAnswer();
  /// True when the request, which failed with `code`, met a connection that was dead already, or
  /// whose server refused its stream unread.
  bool MetDeadConnection(CURL* easy, CURLcode code) const;
  /// The connection of this attempt is there, and the request is about to be sent.
  bool connected() const { return connected_; }
  /// Connecting::kOpen, and there was none.
  bool found_no_connection() const { return found_no_connection_; }
  Error Timeout() const;

  // The loop's notes.
  CURL* easy = nullptr;  ///< While libcurl works on it.
  bool repeated = false;
  bool needs_fresh = false;             ///< At its next start.
  std::atomic<bool> cancelled = false;  ///< Set by any thread.

  // Guarded by the loop's mutex.
  std::optional<Result<std::unique_ptr<HttpResponse>>> outcome;
  std::condition_variable done;

 private:
  static std::size_t OnRead(char* to, std::size_t size, std::size_t count, void* self);
  static int OnSeek(void* self, curl_off_t offset, int origin);
  static std::size_t OnWrite(char* from, std::size_t size, std::size_t count, void* self);
  static std::size_t OnHeader(char* from, std::size_t size, std::size_t count, void* self);
  static int OnConnected(void* self, char* address, char*, int, int);
  static int OnNewSocket(void* self, curl_socket_t socket, curlsocktype purpose);
  static curl_socket_t OnSocket(void* self, curlsocktype purpose, curl_sockaddr* address);

  void SetRequest(CURL* easy, CURLcode& failed);
  void SetConnection(CURL* easy, Connecting connecting, CURLcode& failed);
  bool Receive(CURL* easy, std::string_view bytes);
  Result<std::unique_ptr<HttpResponse>> MakeEarlyResponse();

  const CurlHttpClientOptions& options_;
  const HttpRequest& request_;
  const RequestParts& parts_;
  const EgressCheck& egress_;
  const std::uint64_t max_response_bytes_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();

  // Of the attempt.
  CURL* handle_ = nullptr;
  std::shared_ptr<BodyBufferPool> pool_;
  BodyBuffer body_;
  std::size_t piece_ = 0;     ///< Of the request's body, next to be sent …
  std::size_t position_ = 0;  ///< … from here.
  SocketCopy socket_;         ///< While a long body is sent.
  std::optional<EarlyAnswer> early_answer_;
  std::vector<HttpHeader> headers_;
  std::vector<HttpHeader> trailers_;
  bool in_trailers_ = false;
  bool receiving_ = false;
  bool answered_ = false;
  bool too_large_ = false;
  bool no_memory_ = false;
  bool connected_ = false;
  bool found_no_connection_ = false;
  bool may_open_ = true;
  std::optional<Error> denied_;
  bool tried_address_ = false;  ///< One that is not denied.
  std::array<char, CURL_ERROR_SIZE> error_text_{};
};

}  // namespace dsw
