// SPDX-License-Identifier: Apache-2.0
//
// The answer of a server that refused a request and closed while the body was still being sent. To
// libcurl that is a failed send, though the answer lies in the socket.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <curl/curl.h>

#include "host/ports/http_client.h"

namespace dsw {

struct EarlyAnswer {
  int status = 0;
  std::vector<HttpHeader> headers{};
  std::string body{};  ///< Empty when it is chunked or compressed.
};

/// Reads one header line, as "Retry-After: 5\r\n"; nothing when it is none.
std::optional<HttpHeader> ParseHeader(std::string_view line);

/// Nothing unless `bytes` begins with the whole head of an HTTP/1.1 response that is an error.
std::optional<EarlyAnswer> ParseEarlyAnswer(std::string_view bytes);

/// A second handle to a socket, which stays when libcurl closes its own. Belongs to one thread at
/// a time.
class SocketCopy {
 public:
  SocketCopy() = default;
  ~SocketCopy() { Close(); }
  SocketCopy(const SocketCopy&) = delete;
  SocketCopy& operator=(const SocketCopy&) = delete;

  void Take(curl_socket_t socket);
  void Close();
  /// What has arrived and nobody has read; does not wait.
  std::string ReadRest();

 private:
  int socket_ = -1;
};

}  // namespace dsw
