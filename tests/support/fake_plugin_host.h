// SPDX-License-Identifier: Apache-2.0
//
// What plugins see of the worker, with an HTTP client that answers as the test has said, and the
// calls that the worker makes to embedders.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <dsw/plugin.h>

namespace dsw {

/// Belongs to one thread at a time.
class FakePluginHost {
 public:
  using Fields = std::vector<std::pair<std::string, std::string>>;

  struct Request {
    std::string method;
    std::string url;
    Fields headers;
    std::string body;
    std::uint32_t flags = 0;
    std::uint64_t max_response_bytes = 0;

    /// Empty when there is none.
    std::string Header(std::string_view name) const;
  };

  FakePluginHost();
  FakePluginHost(const FakePluginHost&) = delete;
  FakePluginHost& operator=(const FakePluginHost&) = delete;

  const dsw_host* host() const { return &host_; }

  /// What the next requests are answered with, in turn. Names of headers are in lower case.
  void Answer(int status, std::string body, Fields headers = {});
  /// The next request gets no answer.
  void Fail(dsw_status category, std::string_view message);

  /// Moves the clock, which begins at 1 ns.
  void Advance(std::uint64_t ns) { now_ns_ += ns; }

  const std::vector<Request>& requests() const { return requests_; }
  const std::vector<std::string>& log() const { return log_; }
  /// Answers that the plugin has not given back.
  int unreleased() const { return unreleased_; }

 private:
  struct Script {
    int status = 0;
    std::string body;
    Fields headers;
    dsw_status failure = DSW_OK;
  };

  static FakePluginHost& Of(const dsw_host* host);
  static dsw_status Perform(const dsw_host* host, const dsw_call* call,
                            const dsw_http_request* request, const dsw_http_response** response,
                            dsw_error* error);
  static void Release(const dsw_host* host, const dsw_http_response* response);
  static dsw_status Classify(const dsw_host* host, const dsw_http_response* response,
                             dsw_error* error);

  dsw_host host_{};
  dsw_host_http http_{};
  std::deque<Script> script_;
  std::vector<Request> requests_;
  std::vector<std::string> log_;
  int unreleased_ = 0;
  std::uint64_t now_ns_ = 1;
};

/// What one embed call did.
struct EmbedOutcome {
  dsw_status status = DSW_OK;
  dsw_error error{};
  std::uint32_t rows = 0;
  std::uint32_t dimensions = 0;
  std::vector<float> vectors;  ///< Row-major.
  dsw_usage usage{};
};

/// Calls as the worker does. `input_type` is a DSW_INPUT_*.
EmbedOutcome CallEmbed(const dsw_embedder_ops& ops, void* instance,
                       const std::vector<std::string>& texts,
                       std::uint32_t input_type = DSW_INPUT_DOCUMENT, std::uint32_t dimensions = 0);

/// The request alone, for wire code; `texts` outlives it.
class EmbedRequest {
 public:
  explicit EmbedRequest(const std::vector<std::string>& texts,
                        std::uint32_t input_type = DSW_INPUT_DOCUMENT,
                        std::uint32_t dimensions = 0);
  const dsw_embed_request& get() const { return request_; }

 private:
  std::vector<dsw_str> texts_;
  dsw_embed_request request_{};
};

}  // namespace dsw
