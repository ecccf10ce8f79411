// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/http_service.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "host/base/origin.h"
#include "host/plugin/call_guard.h"
#include "host/plugin/errors.h"
#include "host/plugin/http_error.h"
#include "host/plugin/secret_text.h"
#include "host/plugin/text.h"
#include "host/ports/http_client.h"

namespace dsw {
namespace {

constexpr std::uint32_t kKnownFlags = DSW_HTTP_2;
constexpr std::uint32_t kCriticalFlags = 0xFFFF;
/// Fields are bounded so that a table that was not filled in is noticed.
constexpr std::size_t kMostFields = 256;
constexpr std::size_t kMostPieces = 1u << 20;

static_assert(DSW_HTTP_BODY_PADDING == HttpResponse::kBodyPadding);

/// A response as the plugin sees it, in front of the one that it shows.
struct LentResponse {
  explicit LentResponse(std::unique_ptr<HttpResponse> from) : owned(std::move(from)) {
    Lend(owned->headers, headers);
    Lend(owned->trailers, trailers);
    table = {.struct_size = sizeof table,
             .status = owned->status,
             .headers = headers.data(),
             .header_count = headers.size(),
             .trailers = trailers.data(),
             .trailer_count = trailers.size(),
             .body = StrOf(owned->body())};
  }

  static const LentResponse& Of(const dsw_http_response* response) {
    return *reinterpret_cast<const LentResponse*>(response);
  }

  dsw_http_response table{};  // First, so that its address is the whole's.
  std::unique_ptr<HttpResponse> owned;
  std::vector<dsw_kv> headers;
  std::vector<dsw_kv> trailers;

 private:
  static void Lend(const std::vector<HttpHeader>& from, std::vector<dsw_kv>& to) {
    to.reserve(from.size());
    for (const HttpHeader& field : from) to.push_back({StrOf(field.name), StrOf(field.value)});
  }
};

dsw_status Report(Code code, std::string_view message, dsw_error* error) {
  const dsw_status status = StatusOf(code);
  if (error == nullptr || error->struct_size < sizeof(std::uint32_t)) return status;
  dsw_error full = EmptyError();
  full.category = status;
  message.substr(0, sizeof full.message - 1).copy(full.message, sizeof full.message - 1);
  CopyError(full, error);
  return status;
}

Status CheckRequest(const dsw_http_request& request) {
  if ((request.flags & kCriticalFlags & ~kKnownFlags) != 0) {
    return Fail(Code::kInvalid, fmt::format("unknown flags {:#x} of an HTTP request",
                                            request.flags & kCriticalFlags));
  }
  if (request.header_count > kMostFields || request.body_count > kMostPieces) {
    return Fail(Code::kInvalid, "an HTTP request with too many headers or pieces");
  }
  return {};
}

bool Contains(const std::vector<std::string>& origins, const std::string& origin) {
  return std::find(origins.begin(), origins.end(), origin) != origins.end();
}

/// The origin of a URL that the instance may use.
Result<std::string> CheckOrigin(std::string_view url, const InstanceScope& scope) {
  ASSIGN_OR_RETURN(std::string origin, OriginOf(url));
  if (Contains(scope.origins, origin)) return origin;
  return Fail(Code::kInvalid, fmt::format("a request to {} was refused: the settings name {}",
                                          origin, fmt::join(scope.origins, ", ")));
}

Result<std::vector<HttpHeader>> MakeHeaders(const dsw_http_request& request, const HostCall& call) {
  std::vector<HttpHeader> headers;
  headers.reserve(request.header_count + 1);
  for (std::size_t i = 0; i < request.header_count; ++i) {
    ASSIGN_OR_RETURN(std::string value,
                     ExpandSecrets(ViewOf(request.headers[i].value), call.scope->secrets));
    headers.push_back({std::string(ViewOf(request.headers[i].key)), std::move(value)});
  }
  if (!call.context.traceparent.empty()) {
    headers.push_back({"traceparent", call.context.traceparent});
  }
  return headers;
}

/// The earlier of the call's and of what a copy of its table says.
std::chrono::steady_clock::time_point DeadlineOf(const HostCall& call, const dsw_call& table) {
  if (table.deadline_mono_ns == 0) return call.context.deadline;
  const std::chrono::nanoseconds since_boot(table.deadline_mono_ns);
  return std::min(call.context.deadline, std::chrono::steady_clock::time_point(since_boot));
}

Result<std::unique_ptr<HttpResponse>> Exchange(const HostCall& call, const dsw_call& table,
                                               const dsw_http_request& request) {
  if (call.scope == nullptr || call.scope->http == nullptr) {
    return Fail(Code::kInvalid, "this call may not use HTTP");
  }
  RETURN_IF_ERROR(CheckRequest(request));
  ASSIGN_OR_RETURN(const std::string origin, CheckOrigin(ViewOf(request.url), *call.scope));
  ASSIGN_OR_RETURN(const std::vector<HttpHeader> headers, MakeHeaders(request, call));
  std::vector<std::string_view> body;
  body.reserve(request.body_count);
  for (std::size_t i = 0; i < request.body_count; ++i) body.push_back(ViewOf(request.body[i]));
  return call.scope->http->Perform({.method = ViewOf(request.method),
                                    .url = ViewOf(request.url),
                                    .headers = headers,
                                    .body = body,
                                    .http2 = (request.flags & DSW_HTTP_2) != 0,
                                    .own_address = Contains(call.scope->own_origins, origin),
                                    .max_response_bytes = request.max_response_bytes,
                                    .deadline = DeadlineOf(call, table),
                                    .cancel = call.context.cancel});
}

dsw_status Perform(const dsw_host*, const dsw_call* call, const dsw_http_request* request,
                   const dsw_http_response** response, dsw_error* error) noexcept {
  try {
    if (call == nullptr || call->host_data == nullptr || request == nullptr ||
        response == nullptr) {
      return Report(Code::kInvalid, "an HTTP request without a call", error);
    }
    auto& host_call = *static_cast<HostCall*>(call->host_data);
    Result<std::unique_ptr<HttpResponse>> got = Exchange(host_call, *call, *request);
    if (!got && got.error().origin == Origin::kWorker) {
      const std::lock_guard lock(host_call.mutex);
      host_call.denied = got.error();
      return Report(Code::kInvalid, got.error().message, error);
    }
    if (!got) return Report(got.error().code, got.error().message, error);
    *response = &(new LentResponse(*std::move(got)))->table;
    return DSW_OK;
  } catch (const std::exception& exception) {
    return Report(Code::kInternal, exception.what(), error);
  }
}

void Release(const dsw_host*, const dsw_http_response* response) noexcept {
  if (response != nullptr) delete &LentResponse::Of(response);
}

dsw_status Classify(const dsw_host*, const dsw_http_response* response, dsw_error* error) noexcept {
  try {
    const dsw_error classified =
        ClassifyHttp(*LentResponse::Of(response).owned, std::chrono::system_clock::now());
    CopyError(classified, error);
    return classified.category;
  } catch (const std::exception& exception) {
    return Report(Code::kInternal, exception.what(), error);
  }
}

constexpr dsw_host_http kTable{sizeof(dsw_host_http), 0, &Perform, &Release, &Classify};

}  // namespace

const dsw_host_http* HttpService() {
  return &kTable;
}

}  // namespace dsw
