// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/call_limits.h"

#include <algorithm>

namespace dsw {
namespace {

/// As many chunks, up to `most`, as divide the inputs of a minute with little left over.
std::size_t EvenShare(std::size_t most, std::uint32_t inputs_per_minute) {
  const std::size_t minute = inputs_per_minute;
  if (minute == 0) return most;
  most = std::min(most, minute);
  const std::size_t calls = (minute + most - 1) / most;
  return minute / calls;
}

}  // namespace

BatchLimits LimitsOf(const EmbedderConfig& config, const ModelFacts& facts,
                     const Embedder::Limits& limits, std::uint64_t most_bytes) {
  // A call that takes the tokens of a whole minute would have to wait for one without any other.
  constexpr std::uint64_t kCallsAMinute = 10;
  const std::uint64_t paced =
      facts.tokens_per_minute == 0
          ? 0
          : std::max<std::uint64_t>(1, facts.tokens_per_minute / kCallsAMinute);
  const std::size_t most =
      Tighter<std::size_t>(static_cast<std::size_t>(std::max(1, config.batch_size)),
                           Tighter(facts.max_batch, limits.max_batch));
  return {.chunks = EvenShare(most, facts.inputs_per_minute),
          .bytes = Tighter(most_bytes, Tighter(limits.max_bytes, facts.max_request_bytes)),
          .tokens = Tighter<std::uint64_t>(facts.max_request_tokens, paced),
          .bytes_per_token = static_cast<double>(facts.bytes_per_token)};
}

}  // namespace dsw
