// SPDX-License-Identifier: Apache-2.0
//
// Checks a request before any of it is sent, and puts it into libcurl's terms.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <curl/curl.h>

#include "host/base/result.h"
#include "host/ports/http_client.h"

namespace dsw {

struct CurlDelete {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using CurlUrl = std::unique_ptr<CURLU, CurlDelete>;
using CurlList = std::unique_ptr<curl_slist, CurlDelete>;

struct RequestParts {
  std::string method;
  CurlUrl url;
  std::string origin;  ///< As "http://localhost:6333"; safe to show.
  std::string host;    ///< As in the URL.
  std::uint16_t port = 0;
  bool tls = false;
  std::string proxy;  ///< That it goes through; empty: sent directly. The client's to set.
  CurlList headers;
  curl_off_t body_bytes = 0;
};

/// kInvalid, without header values and without the URL, for: another scheme than http and https,
/// credentials in the URL, line breaks in headers, headers that belong to the client itself.
Result<RequestParts> CheckRequest(const HttpRequest& request);

}  // namespace dsw
