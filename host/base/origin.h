// SPDX-License-Identifier: Apache-2.0
//
// The origin of a URL: whom a request talks to, which is what a secret is given to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "host/base/result.h"

namespace dsw {

/// "scheme://host:port" of an absolute http or https URL, in lower case and with the port spelled
/// out. kInvalid for anything else; also for user names in it, which hide the host from readers,
/// and for characters that programs read differently. The message does not repeat the URL.
Result<std::string> OriginOf(std::string_view url);

/// Both are URLs of one origin.
bool SameOrigin(std::string_view a, std::string_view b);

/// The host in an origin, as "localhost" or "[::1]".
std::string_view HostOf(std::string_view origin);

/// A host as names are compared: "Example.ORG." is "example.org".
std::string PlainName(std::string_view host);

/// The port in an origin.
std::uint16_t PortOf(std::string_view origin);

}  // namespace dsw
