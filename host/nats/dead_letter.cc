// SPDX-License-Identifier: Apache-2.0
#include "host/nats/dead_letter.h"

#include <algorithm>

#include <fmt/format.h>

#include "host/base/clock.h"
#include "host/base/secret.h"

namespace dsw {
namespace {

constexpr std::size_t kMaxValueBytes = 1024;
constexpr std::string_view kServerPrefix = "Nats-";
constexpr std::string_view kOwnPrefix = "Dsw-";

bool StartsWith(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

}  // namespace

std::string DeadLetterId(const MessageOrigin& origin) {
  // The time tells apart messages of a stream that was deleted and made again.
  return fmt::format("dead-{}-{}-{}", origin.stream, origin.sequence, origin.timestamp_ns);
}

std::string HeaderValue(std::string_view text) {
  std::string value = Redact(text);
  for (char& c : value) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  if (value.size() > kMaxValueBytes) {
    std::size_t end = kMaxValueBytes;
    while (end > 0 && (static_cast<unsigned char>(value[end]) & 0xc0) == 0x80) --end;
    value.resize(end);
  }
  return value;
}

NatsHeaders DeadLetterHeaders(const MessageOrigin& origin, const NatsHeaders& original,
                              const DeadLetterReason& reason, std::string_view worker,
                              std::chrono::system_clock::time_point now) {
  NatsHeaders headers;
  for (const auto& [name, value] : original) {
    if (name == "Nats-Msg-Id") {
      headers.emplace_back("Dsw-Original-Msg-Id", HeaderValue(value));
    } else if (!StartsWith(name, kServerPrefix) && !StartsWith(name, kOwnPrefix)) {
      headers.emplace_back(name, HeaderValue(value));
    }
  }
  headers.emplace_back("Dsw-Error-Type", HeaderValue(reason.error_type));
  headers.emplace_back("Dsw-Error", HeaderValue(reason.error));
  headers.emplace_back("Dsw-Fault", HeaderValue(reason.fault));
  headers.emplace_back("Dsw-Attempts", fmt::format("{}", origin.attempt));
  headers.emplace_back("Dsw-Job-Id", HeaderValue(reason.job_id));
  headers.emplace_back("Dsw-Original-Subject", HeaderValue(origin.subject));
  headers.emplace_back("Dsw-Original-Sequence", fmt::format("{}", origin.sequence));
  headers.emplace_back("Dsw-Failed-At", FormatUtc(now));
  headers.emplace_back("Dsw-Worker", HeaderValue(worker));
  return headers;
}

}  // namespace dsw
