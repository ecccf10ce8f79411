// SPDX-License-Identifier: Apache-2.0
//
// What it means when libcurl gives no response, for the caller and for a person.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <curl/curl.h>

#include "host/base/result.h"

namespace dsw {

struct CurlFailure {
  CURLcode code = CURLE_OK;
  std::string origin{};
  int os_error = 0;       ///< errno of a connect that failed; 0: unknown.
  long proxy_status = 0;  ///< The proxy's answer to CONNECT; 0: none.
  bool http2 = false;     ///< Asked for.
  bool reused = false;    ///< The connection had served before.
  bool answered = false;  ///< Bytes of a response came.
  std::string detail{};   ///< libcurl's own text; used where only the TLS library knows.
  std::chrono::milliseconds connect_timeout{0};
};

Error DescribeFailure(const CurlFailure& failure);

/// For a deadline that passed, `waited` after the call began: "… timeout after 60s".
Error DescribeTimeout(const std::string& origin, std::chrono::milliseconds waited);

/// For a response of more than `allowed` bytes.
Error DescribeTooLarge(const std::string& origin, std::uint64_t allowed);

/// True for the signs of a connection that the peer closed while nobody looked. Then, when it had
/// served before and no byte of a response came, the request may be sent on a new one.
bool LooksStale(CURLcode code);

}  // namespace dsw
