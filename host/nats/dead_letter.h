// SPDX-License-Identifier: Apache-2.0
//
// What becomes of a message in the dead-letter stream: its payload without API keys, the headers it
// came with, and headers that say what went wrong.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/ports/job_queue.h"

namespace dsw {

using NatsHeaders = std::vector<std::pair<std::string, std::string>>;

/// Where a message stood in its stream.
struct MessageOrigin {
  std::string stream;
  std::string subject;
  std::uint64_t sequence = 0;
  std::int64_t timestamp_ns = 0;  ///< When the stream took it.
  std::uint64_t attempt = 0;
};

/// Names the message for good, so that publishing it twice stores it once.
std::string DeadLetterId(const MessageOrigin& origin);

/// The headers of the dead letter. Those of the original are kept, except for the ones that speak
/// to the server (Nats-…); its Nats-Msg-Id becomes Dsw-Original-Msg-Id. Values are redacted, on one
/// line, and at most 1024 bytes long.
NatsHeaders DeadLetterHeaders(const MessageOrigin& origin, const NatsHeaders& original,
                              const DeadLetterReason& reason, std::string_view worker,
                              std::chrono::system_clock::time_point now);

/// `text` as a header value can hold it.
std::string HeaderValue(std::string_view text);

}  // namespace dsw
