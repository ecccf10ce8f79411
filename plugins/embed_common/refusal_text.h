// SPDX-License-Identifier: Apache-2.0
//
// The numbers in what services write when they refuse a request. Pure; the wordings are those that
// the services are known to use.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace dsw {

/// "total number of texts must be at most 96 - received 104" and the like.
struct SizeRefusal {
  std::uint32_t unit;    ///< DSW_LIMIT_ITEMS, _TOKENS or _BYTES.
  std::int64_t allowed;  ///< Of the request as a whole; 0 when not said.
  std::int64_t asked;    ///< 0 when not said.
};
std::optional<SizeRefusal> FindSizeRefusal(std::string_view text);

/// True for a text that says that one of the inputs is over the model's length, as in "maximum
/// context length is 8192 tokens".
bool SaysInputTooLong(std::string_view text);

/// The position, from 0, of the input that the text is about: "input[3]", "at index 0".
std::optional<std::size_t> FindItem(std::string_view text);

/// Milliseconds in "try again in 2.812s", "… in 6m0s", "… in 590ms", "Retry after 5s".
std::optional<std::int64_t> FindRetryAfterMs(std::string_view text);

}  // namespace dsw
