// SPDX-License-Identifier: Apache-2.0
//
// Reads streams of JetStream from their beginning, and publishes into them, past the product.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/nats/headers.h"

namespace dsw {

struct StreamMessage {
  std::uint64_t sequence = 0;
  std::string data{};
  NatsHeaders headers{};
};

/// Messages that a stream still holds, from a sequence number on; none when there is no such
/// stream. Throws when the server does not answer.
std::vector<StreamMessage> ReadStream(const std::string& url, const std::string& stream,
                                      std::uint64_t from = 1);

/// Number of messages that a stream holds; 0 when there is no such stream. Throws as ReadStream().
std::int64_t CountMessages(const std::string& url, const std::string& stream);

/// Publishes without an id, so that equal messages are all kept. Throws when that is not confirmed.
void PublishTo(const std::string& url, const std::string& subject, const std::string& data);

/// Makes a stream with at most `messages` messages, which refuses more. Throws.
void MakeBoundedStream(const std::string& url, const std::string& stream,
                       const std::vector<std::string>& subjects, std::int64_t messages);

/// Removes all messages of a stream. Throws.
void PurgeStream(const std::string& url, const std::string& stream);

}  // namespace dsw
