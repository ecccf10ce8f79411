// SPDX-License-Identifier: Apache-2.0
#include "host/http/errors.h"

#include <cerrno>
#include <cmath>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "host/base/ascii.h"

namespace dsw {
namespace {

/// "60s" for 59 998 ms, "0.3s" for 300.
std::string Seconds(std::chrono::milliseconds duration) {
  const double tenths = std::round(static_cast<double>(duration.count()) / 100);
  return fmt::format("{}s", tenths / 10);
}

Error Make(Code code, std::string message) {
  return {.code = code, .message = std::move(message)};
}

std::string SystemReason(int os_error) {
  if (os_error == 0) return "no connection";
  return LowerCase(std::generic_category().message(os_error));
}

Error DescribeConnect(const CurlFailure& failure) {
  if (failure.proxy_status >= 300) {
    return Make(failure.proxy_status == 407 ? Code::kUnauthenticated : Code::kUnavailable,
                fmt::format("cannot reach {}: the proxy answered with {}", failure.origin,
                            failure.proxy_status));
  }
  return Make(Code::kUnavailable, fmt::format("cannot connect to {}: {}", failure.origin,
                                              SystemReason(failure.os_error)));
}

/// After a connection was there.
Error DescribeBroken(const CurlFailure& failure, std::string_view what) {
  std::string message = fmt::format("{} {}", failure.origin, what);
  if (!failure.answered && !failure.reused) {
    message += failure.http2 ? " (does this port speak HTTP/2?)" : " (does this port speak HTTP?)";
  }
  return Make(Code::kUnavailable, std::move(message));
}

Error DescribeWrongProtocol(const CurlFailure& failure) {
  if (failure.http2) {
    return Make(
        Code::kBadResponse,
        fmt::format("{} does not answer in HTTP/2; is it the port for gRPC?", failure.origin));
  }
  return Make(Code::kBadResponse,
              fmt::format("{} does not answer in HTTP/1.1; the port may be one for gRPC or TLS",
                          failure.origin));
}

}  // namespace

Error DescribeFailure(const CurlFailure& failure) {
  const std::string& origin = failure.origin;
  switch (failure.code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return Make(Code::kUnavailable,
                  fmt::format("cannot connect to {}: no address for this host name", origin));
    case CURLE_COULDNT_RESOLVE_PROXY:
      return Make(Code::kUnavailable,
                  fmt::format("cannot reach {}: no address for the proxy's host name", origin));
    case CURLE_COULDNT_CONNECT:
    case CURLE_PROXY:
      return DescribeConnect(failure);
    case CURLE_OPERATION_TIMEDOUT:
      return Make(Code::kUnavailable, fmt::format("cannot connect to {}: no answer within {}",
                                                  origin, Seconds(failure.connect_timeout)));
    case CURLE_SSL_CONNECT_ERROR:
      return Make(Code::kUnavailable,
                  fmt::format("no TLS with {}: {}", origin,
                              failure.detail.empty() ? "handshake failed" : failure.detail));
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
      return Make(Code::kUnauthenticated,
                  fmt::format("the certificate of {} is not trusted: {}; for a private CA, set "
                              "SSL_CERT_FILE to a PEM file with its certificate",
                              origin, failure.detail));
    case CURLE_SSL_CACERT_BADFILE:
      return Make(
          Code::kInvalid,
          fmt::format("cannot use the CA certificates: {}; see SSL_CERT_FILE", failure.detail));
    case CURLE_UNSUPPORTED_PROTOCOL:  // "HTTP/0.9": the answer has no status line.
    case CURLE_WEIRD_SERVER_REPLY:
      return DescribeWrongProtocol(failure);
    case CURLE_HTTP2:
      if (!failure.reused && !failure.answered) return DescribeWrongProtocol(failure);
      return DescribeBroken(failure, "broke the HTTP/2 connection");
    case CURLE_HTTP2_STREAM:
      return DescribeBroken(failure, "broke off the HTTP/2 stream");
    case CURLE_GOT_NOTHING:
      return DescribeBroken(failure, "closed the connection without an answer");
    case CURLE_SEND_ERROR:
    case CURLE_SEND_FAIL_REWIND:
      return DescribeBroken(failure, "broke off the connection while the request was sent");
    case CURLE_RECV_ERROR:
      if (failure.proxy_status >= 300) return DescribeConnect(failure);
      return DescribeBroken(failure, failure.answered
                                         ? "broke off the connection during its answer"
                                         : "broke off the connection without an answer");
    case CURLE_PARTIAL_FILE:
      // Of HTTP/2, also when nothing came at all.
      if (!failure.answered) {
        return DescribeBroken(failure, "closed the connection without an answer");
      }
      return Make(Code::kBadResponse, fmt::format("the answer of {} was cut short", origin));
    case CURLE_BAD_CONTENT_ENCODING:
      return Make(Code::kBadResponse,
                  fmt::format("the answer of {} cannot be decompressed", origin));
    case CURLE_OUT_OF_MEMORY:
      return Make(Code::kInternal, fmt::format("no memory for a call to {}", origin));
    default:
      return Make(Code::kUnavailable,
                  fmt::format("call to {} failed: {} (curl {})", origin,
                              curl_easy_strerror(failure.code), static_cast<int>(failure.code)));
  }
}

Error DescribeTimeout(const std::string& origin, std::chrono::milliseconds waited) {
  return Make(Code::kTimeout,
              fmt::format("no answer from {}: timeout after {}", origin, Seconds(waited)));
}

Error DescribeTooLarge(const std::string& origin, std::uint64_t allowed) {
  return Make(Code::kBadResponse,
              fmt::format("the answer of {} is longer than {} bytes", origin, allowed));
}

bool LooksStale(CURLcode code) {
  switch (code) {
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_FAIL_REWIND:
      return true;
    default:
      return false;
  }
}

}  // namespace dsw
