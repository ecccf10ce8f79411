// SPDX-License-Identifier: Apache-2.0
//
// Addresses of services: what is wrong with one, and how to show one without its passwords.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.h"

namespace dsw {

/// One or more URLs, separated by commas, each with one of `schemes` and a host. kInvalid says what
/// is expected, without repeating the text.
Status CheckUrls(std::string_view text, const std::vector<std::string_view>& schemes);

/// `text` with the passwords and tokens of URLs, and of a PostgreSQL key=value string, as "***".
/// They are remembered for Redact() as well, as written and as decoded.
std::string MaskCredentials(std::string_view text);

}  // namespace dsw
