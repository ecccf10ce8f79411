// SPDX-License-Identifier: Apache-2.0
//
// From a setting's text to its value. Every failure is kInvalid, and its message says what is
// allowed ("expected …") without repeating the text, which may be a secret.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.h"

namespace dsw {

/// The parts between separators, trimmed; empty parts are left out.
std::vector<std::string_view> SplitList(std::string_view text, char separator);

Result<std::int64_t> ParseInteger(std::string_view text, std::int64_t least, std::int64_t most);
/// true/false, yes/no, on/off, 1/0 in any case.
Result<bool> ParseBool(std::string_view text);

/// A number of `unit`s, or a number with one of the units ms, s, m, h.
Result<std::chrono::milliseconds> ParseDuration(std::string_view text,
                                                std::chrono::milliseconds unit,
                                                std::chrono::milliseconds least,
                                                std::chrono::milliseconds most);
/// As "30s", "2m", "1500ms": the largest unit that is exact.
std::string FormatDuration(std::chrono::milliseconds duration);

/// Insertions, deletions, replacements and swaps of neighbours between the two.
std::size_t EditDistance(std::string_view a, std::string_view b);

}  // namespace dsw
