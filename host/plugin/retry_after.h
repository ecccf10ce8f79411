// SPDX-License-Identifier: Apache-2.0
//
// How long a server asks to wait.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace dsw {

/// The value of a Retry-After header (RFC 9110, 10.2.3): seconds, also with a fraction, or an HTTP
/// date, which is taken relative to `now`. A date that is past is no time. Nothing for other text.
std::optional<std::chrono::milliseconds> ParseRetryAfter(std::string_view value,
                                                         std::chrono::system_clock::time_point now);

/// The value of "retry-after-ms", as OpenAI sends it: milliseconds, also with a fraction.
std::optional<std::chrono::milliseconds> ParseRetryAfterMs(std::string_view value);

}  // namespace dsw
