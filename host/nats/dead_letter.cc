// SPDX-License-Identifier: Apache-2.0
#include "host/nats/dead_letter.h"

#include <algorithm>

#include <fmt/format.h>

#include "host/base/ascii.h"
#include "host/base/clock.h"
#include "host/base/secret.h"
#include "host/base/short_name.h"

namespace dsw {
namespace {

constexpr std::size_t kMaxValueBytes = 1024;

// Once there is no room for everything.
constexpr std::size_t kShortValueBytes = 128;
constexpr std::string_view kEssential[] = {kErrorTypeHeader, kErrorHeader, kFaultHeader,
                                           kAttemptsHeader,  kJobIdHeader, kOriginalSubjectHeader};

bool HasPrefix(std::string_view name, std::string_view prefix) {
  return LowerCase(name.substr(0, prefix.size())) == LowerCase(prefix);
}

}  // namespace

bool IsForeignHeader(std::string_view name) {
  return !HasPrefix(name, kServerHeaderPrefix) && !HasPrefix(name, kOwnHeaderPrefix);
}

std::string DeadLetterId(const MessageOrigin& origin) {
  // The time tells apart messages of a stream that was deleted and made again.
  return fmt::format("dead-{}-{}-{}", origin.stream, origin.sequence, origin.timestamp_ns);
}

std::string HeaderValue(std::string_view text) {
  std::string value = Redact(text);
  for (char& c : value) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return std::string(Trim(Beginning(value, kMaxValueBytes)));
}

NatsHeaders DeadLetterHeaders(const MessageOrigin& origin, const NatsHeaders& original,
                              const DeadLetterReason& reason, std::string_view worker,
                              std::chrono::system_clock::time_point now) {
  NatsHeaders headers;
  for (const auto& [name, value] : original) {
    if (name == kMessageIdHeader) {
      headers.emplace_back(kOriginalIdHeader, HeaderValue(value));
    } else if (IsForeignHeader(name)) {
      headers.emplace_back(name, HeaderValue(value));
    }
  }
  headers.emplace_back(kErrorTypeHeader, HeaderValue(reason.error_type));
  headers.emplace_back(kErrorHeader, HeaderValue(reason.error));
  headers.emplace_back(kFaultHeader, HeaderValue(reason.fault));
  headers.emplace_back(kAttemptsHeader, fmt::format("{}", origin.attempt));
  headers.emplace_back(kJobIdHeader, HeaderValue(reason.job_id));
  headers.emplace_back(kOriginalSubjectHeader, HeaderValue(origin.subject));
  headers.emplace_back(kOriginalSequenceHeader, fmt::format("{}", origin.sequence));
  headers.emplace_back(kFailedAtHeader, FormatUtc(now));
  headers.emplace_back(kWorkerHeader, HeaderValue(worker));
  std::erase_if(headers, [](const auto& header) { return header.second.empty(); });
  return headers;
}

std::size_t HeaderBytes(const NatsHeaders& headers) {
  constexpr std::size_t kAround = std::string_view("NATS/1.0\r\n\r\n").size();
  constexpr std::size_t kPerHeader = std::string_view(": \r\n").size();
  std::size_t bytes = kAround;
  for (const auto& [name, value] : headers) bytes += name.size() + value.size() + kPerHeader;
  return bytes;
}

NatsHeaders FitHeaders(const NatsHeaders& headers, std::size_t room) {
  if (HeaderBytes(headers) <= room) return headers;
  NatsHeaders fitting = headers;
  for (auto& [name, value] : fitting) {
    if (name != kOriginalSubjectHeader) value.resize(Beginning(value, kShortValueBytes).size());
  }
  if (HeaderBytes(fitting) <= room) return fitting;
  std::erase_if(fitting, [](const auto& header) {
    return std::find(std::begin(kEssential), std::end(kEssential), header.first) ==
           std::end(kEssential);
  });
  if (HeaderBytes(fitting) <= room) return fitting;
  return {};
}

}  // namespace dsw
