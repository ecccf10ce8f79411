// SPDX-License-Identifier: Apache-2.0
//
// The headers of a message.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dsw {

/// In the order in which they are sent; names may repeat.
using NatsHeaders = std::vector<std::pair<std::string, std::string>>;

/// What names of headers begin with that speak to the server, and of those that dead letters have.
inline constexpr std::string_view kServerHeaderPrefix = "Nats-";
inline constexpr std::string_view kOwnHeaderPrefix = "Dsw-";

/// Tells the server which messages are the same.
inline constexpr const char* kMessageIdHeader = "Nats-Msg-Id";

/// The first value under `name`, or empty.
inline std::string HeaderOf(const NatsHeaders& headers, std::string_view name) {
  for (const auto& header : headers) {
    if (header.first == name) return header.second;
  }
  return {};
}

}  // namespace dsw
