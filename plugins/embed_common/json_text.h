// SPDX-License-Identifier: Apache-2.0
//
// Texts into the body of a request.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <dsw/plugin.h>

namespace dsw {

/// Appends `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD, one for
/// each maximal part of a character, so that the body stays one that a server takes.
void AppendJsonString(std::string& out, std::string_view text);

/// Appends `["…","…"]`.
void AppendJsonStrings(std::string& out, const dsw_str* texts, std::size_t count);

/// About how many bytes AppendJsonStrings will add, for reserve().
std::size_t EstimateJsonStrings(const dsw_str* texts, std::size_t count);

}  // namespace dsw
