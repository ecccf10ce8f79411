// SPDX-License-Identifier: Apache-2.0
//
// One HTTP exchange.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.h"

namespace dsw {

struct HttpHeader {
  std::string name;
  std::string value;
};

/// What is borrowed lives until Perform() returns.
struct HttpRequest {
  std::string_view method;  ///< "GET", "POST", …
  std::string_view url;     ///< http or https, with a host.
  std::span<const HttpHeader> headers;
  std::span<const std::string_view> body;  ///< Pieces, sent one after another.
  /// HTTP/2 or nothing; without TLS by prior knowledge.
  bool http2 = false;
  bool own_address = false;  ///< It stands in the worker's own settings, not in a row or a job.
  std::uint64_t max_response_bytes = 0;  ///< Decompressed; 0 for the client's own limit.
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  std::stop_token cancel;
};

/// Names of headers and trailers are in lower case.
struct HttpResponse {
  /// Zero bytes behind the body, for parsers that read past its end.
  static constexpr std::size_t kBodyPadding = 64;

  virtual ~HttpResponse() = default;
  /// Decompressed; followed by kBodyPadding zero bytes.
  virtual std::string_view body() const = 0;

  int status = 0;
  std::vector<HttpHeader> headers;
  std::vector<HttpHeader> trailers;
};

/// Thread-safe.
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  /// Success with any HTTP status. kUnavailable when the peer cannot be reached or breaks off,
  /// kTimeout, kCancelled within a second of the request, kBadResponse for what is not HTTP or
  /// exceeds max_response_bytes, kInvalid for a request that cannot be made. For one that the
  /// operator does not allow, Origin::kWorker with kInvalid where the address is the worker's own,
  /// else with kDenied. Errors name the origin and hold no header value. Redirects are not
  /// followed.
  virtual Result<std::unique_ptr<HttpResponse>> Perform(const HttpRequest& request) = 0;
};

}  // namespace dsw
