// SPDX-License-Identifier: Apache-2.0
//
// Which requests go through a proxy. It is decided here and not by libcurl, since the rules for
// addresses depend on it.
#pragma once

#include <string>
#include <string_view>

#include "host/http/curl_http_client.h"
#include "host/http/request_parts.h"

namespace dsw {

/// Whether `no_proxy` names the host of a URL: a name stands for itself and its subdomains, with or
/// without a dot before it; also addresses, ranges of them, and "*" for all. Entries are separated
/// by commas or blanks.
bool IsNamedBy(std::string_view no_proxy, std::string_view host);

/// Empty for a request that is sent directly.
std::string ProxyFor(const CurlHttpClientOptions& options, const RequestParts& parts);

}  // namespace dsw
