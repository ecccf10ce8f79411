// SPDX-License-Identifier: Apache-2.0
//
// Vectors as base64 of little-endian float32 (RFC 4648, standard alphabet, with padding).
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace dsw {

/// How many floats `text` holds by its length and padding; nothing when no whole number of them.
std::optional<std::size_t> Base64FloatCount(std::string_view text);

/// Decodes into `row`, which has room for *Base64FloatCount(text) floats; false, and a row of any
/// content, when a character is not of the alphabet or the bits behind the last byte are not zero.
bool DecodeBase64Floats(std::string_view text, float* row);

}  // namespace dsw
