// SPDX-License-Identifier: Apache-2.0
//
// C++17 glue over the host's HTTP client (DSW_EXT_HTTP) for plugin authors. Header-only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <dsw/plugin.hpp>

namespace dsw {

/// An answer, released with its owner. Views into it live as long.
class HttpResponse {
 public:
  HttpResponse(const dsw_host& host, const dsw_host_http& http,
               const dsw_http_response* response) noexcept
      : host_(&host), http_(&http), response_(response) {}
  HttpResponse(HttpResponse&& other) noexcept
      : host_(other.host_),
        http_(other.http_),
        response_(std::exchange(other.response_, nullptr)) {}
  HttpResponse& operator=(HttpResponse&&) = delete;
  ~HttpResponse() { http_->release(host_, response_); }

  int status() const noexcept { return response_->status; }
  bool ok() const noexcept { return status() >= 200 && status() < 300; }
  /// Followed by DSW_HTTP_BODY_PADDING zero bytes.
  std::string_view body() const noexcept { return View(response_->body); }
  /// The first value of a header, whose name is in lower case; empty when there is none.
  std::string_view header(std::string_view name) const noexcept {
    return Find(response_->headers, response_->header_count, name);
  }
  std::string_view trailer(std::string_view name) const noexcept {
    return Find(response_->trailers, response_->trailer_count, name);
  }
  const dsw_http_response& raw() const noexcept { return *response_; }

 private:
  static std::string_view Find(const dsw_kv* fields, std::size_t count,
                               std::string_view name) noexcept {
    for (std::size_t i = 0; i < count; ++i) {
      if (View(fields[i].key) == name) return View(fields[i].value);
    }
    return {};
  }

  const dsw_host* host_;
  const dsw_host_http* http_;
  const dsw_http_response* response_;
};

/// One request; borrows all it is given until Perform returns.
struct HttpRequest {
  std::string_view method = "POST";
  std::string_view url;
  std::vector<dsw_kv> headers;  ///< Values may hold "{{secret:NAME}}".
  std::vector<dsw_str> body;    ///< Pieces, sent one after another.
  std::uint32_t flags = 0;      ///< DSW_HTTP_*.
  std::uint64_t max_response_bytes = 0;

  HttpRequest& Header(std::string_view name, std::string_view value) {
    headers.push_back({Str(name), Str(value)});
    return *this;
  }
};

/// The host's HTTP client. Thread-safe; made in an instance's constructor, which needs no I/O.
class Http {
 public:
  /// Throws a Failure with DSW_E_UNSUPPORTED when the host has no HTTP client.
  explicit Http(const dsw_host& host) : host_(&host) {
    const std::string_view id = DSW_EXT_HTTP;
    if (DSW_CAN(&host, get_extension)) {
      http_ = static_cast<const dsw_host_http*>(host.get_extension(&host, id.data(), id.size()));
    }
    if (http_ == nullptr) {
      throw Failure(DSW_E_UNSUPPORTED, "this worker has no HTTP client for plugins (dsw.http/1)");
    }
  }

  /// One exchange, whatever its status; throws a Failure when there is no answer.
  HttpResponse Perform(const dsw_call& call, const HttpRequest& request) const {
    dsw_http_request raw{};
    raw.struct_size = sizeof raw;
    raw.flags = request.flags;
    raw.method = Str(request.method);
    raw.url = Str(request.url);
    raw.headers = request.headers.data();
    raw.header_count = request.headers.size();
    raw.body = request.body.data();
    raw.body_count = request.body.size();
    raw.max_response_bytes = request.max_response_bytes;
    const dsw_http_response* response = nullptr;
    dsw_error error{};
    error.struct_size = sizeof error;
    error.retry_after_ms = -1;
    const dsw_status status = http_->perform(host_, &call, &raw, &response, &error);
    if (status != DSW_OK) throw Failure(error).Category(status);
    return HttpResponse(*host_, *http_, response);
  }

  /// What a response that is not a success means, for the plugin to refine.
  Failure Classify(const HttpResponse& response) const {
    dsw_error error{};
    error.struct_size = sizeof error;
    error.retry_after_ms = -1;
    const dsw_status status = http_->classify(host_, &response.raw(), &error);
    return Failure(error).Category(status);
  }

 private:
  const dsw_host* host_;
  const dsw_host_http* http_ = nullptr;
};

}  // namespace dsw
