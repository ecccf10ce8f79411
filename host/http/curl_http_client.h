// SPDX-License-Identifier: Apache-2.0
//
// The HTTP client, over libcurl: one thread moves the bytes of all exchanges, and connections are
// shared between them.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "host/base/egress_rules.h"
#include "host/base/result.h"
#include "host/ports/http_client.h"

namespace dsw {

class MultiLoop;

/// The environment is not read: proxies and certificates are as given here.
struct CurlHttpClientOptions {
  std::string user_agent{};
  /// Proxies for https and http URLs; empty: none.
  std::string https_proxy{};
  std::string http_proxy{};
  std::string
      no_proxy{};  ///< Hosts that are reached without a proxy, "a.example,.b.example" or "*".
  std::string ca_file{};  ///< PEM; with ca_dir empty as well: the system's.
  std::string ca_dir{};
  /// Held against the URL of every request and the address of every connection; of what goes
  /// through a proxy, which finds the address by itself, against the URL alone.
  EgressRules egress{};
  std::chrono::milliseconds connect_timeout{10'000};  ///< With the TLS handshake.
  std::uint64_t max_response_bytes = 64u << 20;       ///< For requests that set no limit.
  long max_connections_per_host = 0;                  ///< More calls than that wait; 0: no limit.
};

/// Thread-safe. Calls that run while it is destroyed end with kCancelled; responses may outlive it.
class CurlHttpClient final : public HttpClient {
 public:
  /// kInvalid for a proxy or certificate file that cannot be used.
  static Result<std::unique_ptr<CurlHttpClient>> Create(const CurlHttpClientOptions& options);
  ~CurlHttpClient() override;

  /// As the port says, and: kUnauthenticated for a server whose certificate is not trusted. A
  /// request that met a connection which the server had closed, or whose stream it refused, is sent
  /// once more.
  Result<std::unique_ptr<HttpResponse>> Perform(const HttpRequest& request) override;

 private:
  explicit CurlHttpClient(const CurlHttpClientOptions& options);

  const CurlHttpClientOptions options_;
  const std::unique_ptr<MultiLoop> loop_;
};

}  // namespace dsw
