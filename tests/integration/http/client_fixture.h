// SPDX-License-Identifier: Apache-2.0
//
// A client and the shortest way to call with it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "host/http/curl_http_client.h"
#include "tests/support/http_server.h"
#include "tests/support/matchers.h"

namespace dsw {

using Answer = Result<std::unique_ptr<HttpResponse>>;

inline std::string_view Find(const std::vector<HttpHeader>& headers, std::string_view name) {
  for (const HttpHeader& header : headers) {
    if (header.name == name) return header.value;
  }
  return {};
}

/// What a call has beyond its URL and body.
struct CallOptions {
  std::string_view method = "POST";
  std::vector<HttpHeader> headers{};
  bool http2 = false;
  std::uint64_t max_response_bytes = 0;
  std::chrono::milliseconds timeout{30'000};
  std::stop_token cancel{};
};

class HttpClientTest : public testing::Test {
 protected:
  explicit HttpClientTest(const CurlHttpClientOptions& options = {}) : client_(Make(options)) {}

  static std::unique_ptr<CurlHttpClient> Make(const CurlHttpClientOptions& options) {
    auto client = CurlHttpClient::Create(options);
    if (!client) throw std::runtime_error(client.error().message);
    return *std::move(client);
  }

  static Answer Call(HttpClient& client, const std::string& url,
                     std::span<const std::string_view> pieces, const CallOptions& options) {
    HttpRequest request;
    request.method = options.method;
    request.url = url;
    request.headers = options.headers;
    request.body = pieces;
    request.http2 = options.http2;
    request.max_response_bytes = options.max_response_bytes;
    request.deadline = std::chrono::steady_clock::now() + options.timeout;
    request.cancel = options.cancel;
    return client.Perform(request);
  }

  Answer Post(const std::string& url, std::string_view body, const CallOptions& options = {}) {
    const std::array<std::string_view, 1> pieces = {body};
    return Call(*client_, url, pieces, options);
  }
  Answer Get(const std::string& url, CallOptions options = {}) {
    options.method = "GET";
    return Call(*client_, url, {}, options);
  }

  /// Runs `call` in `count` threads at a time.
  static void AtOnce(int count, const std::function<void(int)>& call) {
    std::vector<std::jthread> threads;
    for (int i = 0; i < count; ++i) threads.emplace_back(call, i);
  }

  std::unique_ptr<CurlHttpClient> client_;
};

/// Answers each request with its body.
inline HttpReply Echo(const ReceivedRequest& request) {
  return {.body = request.body};
}

}  // namespace dsw
