// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/long_text.h"

#include <algorithm>

namespace dsw {

std::size_t MostInputBytes(const EmbedderConfig& config, const ModelFacts& facts) {
  // The column's default is there without anybody having asked for it.
  constexpr std::int32_t kUnset = 8191;
  if (config.max_input_tokens <= 0 || config.max_input_tokens == kUnset) return 0;
  return static_cast<std::size_t>(config.max_input_tokens) * facts.bytes_per_token;
}

std::size_t NextInputBytes(std::size_t bytes, std::size_t whole, const Error& error,
                           const ModelFacts& facts) {
  constexpr std::size_t kLeast = 16;
  constexpr std::size_t kMostBytesPerToken = 6;
  const std::size_t most =
      facts.max_tokens > 0 ? std::min(whole, facts.max_tokens * kMostBytesPerToken) : whole;
  std::size_t next = 0;
  if (error.limit && error.limit->asked > error.limit->allowed) {
    const double share = static_cast<double>(std::max<std::int64_t>(1, error.limit->allowed)) /
                         static_cast<double>(error.limit->asked);
    // Tokens are not spread evenly over a text.
    constexpr double kMargin = 0.97;
    next = static_cast<std::size_t>(static_cast<double>(bytes) * share * kMargin);
  } else {
    next = std::min(bytes / 4 * 3, most);
    if (next < most / 4) return 0;
  }
  return next < kLeast ? 0 : next;
}

}  // namespace dsw
