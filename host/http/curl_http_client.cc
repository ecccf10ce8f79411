// SPDX-License-Identifier: Apache-2.0
#include "host/http/curl_http_client.h"

#include <utility>

#include <curl/curl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "host/http/egress_check.h"
#include "host/http/multi_loop.h"
#include "host/http/proxy.h"
#include "host/http/request_parts.h"
#include "host/http/transfer.h"

namespace dsw {
namespace {

/// The address stays out of the message: it may hold a password.
Status CheckProxy(const char* name, const std::string& address) {
  if (address.empty()) return {};
  const CurlUrl url(curl_url());
  if (url == nullptr || curl_url_set(url.get(), CURLUPART_URL, address.c_str(),
                                     CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK) {
    return Fail(Code::kInvalid,
                fmt::format("{} is not an address, as http://proxy.example:3128", name));
  }
  return {};
}

Status CheckReadable(const std::string& path) {
  if (path.empty() || access(path.c_str(), R_OK) == 0) return {};
  return Fail(Code::kInvalid, fmt::format("cannot read the CA certificates in {}", path));
}

}  // namespace

Result<std::unique_ptr<CurlHttpClient>> CurlHttpClient::Create(
    const CurlHttpClientOptions& options) {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (initialised != CURLE_OK) return Fail(Code::kInternal, "cannot initialise libcurl");
  RETURN_IF_ERROR(CheckProxy("HTTPS_PROXY", options.https_proxy));
  RETURN_IF_ERROR(CheckProxy("HTTP_PROXY", options.http_proxy));
  RETURN_IF_ERROR(CheckReadable(options.ca_file));
  RETURN_IF_ERROR(CheckReadable(options.ca_dir));
  return std::unique_ptr<CurlHttpClient>(new CurlHttpClient(options));
}

CurlHttpClient::CurlHttpClient(const CurlHttpClientOptions& options)
    : options_(options), loop_(std::make_unique<MultiLoop>(options_)) {}

CurlHttpClient::~CurlHttpClient() = default;

Result<std::unique_ptr<HttpResponse>> CurlHttpClient::Perform(const HttpRequest& request) {
  ASSIGN_OR_RETURN(RequestParts parts, CheckRequest(request));
  parts.proxy = ProxyFor(options_, parts);
  const EgressTarget target{.host = parts.host, .port = parts.port, .own = request.own_address};
  const EgressCheck egress(options_.egress, target, !parts.proxy.empty());
  if (const auto refusal = egress.Request()) return Fail(*refusal);
  Transfer transfer(options_, request, parts, egress);
  return loop_->Run(transfer, request.cancel);
}

}  // namespace dsw
