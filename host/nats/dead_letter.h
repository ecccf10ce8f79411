// SPDX-License-Identifier: Apache-2.0
//
// What becomes of a message in the dead-letter stream: its payload without API keys, the headers it
// came with, and headers that say what went wrong.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "host/nats/headers.h"
#include "host/ports/job_queue.h"

namespace dsw {

// What a dead letter tells about itself.
inline constexpr const char* kErrorTypeHeader = "Dsw-Error-Type";
inline constexpr const char* kErrorHeader = "Dsw-Error";
inline constexpr const char* kFaultHeader = "Dsw-Fault";
inline constexpr const char* kAttemptsHeader = "Dsw-Attempts";
inline constexpr const char* kJobIdHeader = "Dsw-Job-Id";
inline constexpr const char* kOriginalSubjectHeader = "Dsw-Original-Subject";
inline constexpr const char* kOriginalSequenceHeader = "Dsw-Original-Sequence";
inline constexpr const char* kFailedAtHeader = "Dsw-Failed-At";
inline constexpr const char* kWorkerHeader = "Dsw-Worker";
inline constexpr const char* kOriginalIdHeader = "Dsw-Original-Msg-Id";
inline constexpr const char* kOmittedHeader =
    "Dsw-Payload-Omitted";  ///< Instead of the payload: its size.

/// Where a message stood in its stream.
struct MessageOrigin {
  std::string stream;
  std::string subject;
  std::uint64_t sequence = 0;
  std::int64_t timestamp_ns = 0;  ///< When the stream took it.
  std::uint64_t attempt = 0;
};

/// A header that neither speaks to the server (Nats-…) nor tells of a dead letter (Dsw-…), in
/// whatever case it is written: it is the publisher's own.
bool IsForeignHeader(std::string_view name);

/// Names the message for good, so that publishing it twice stores it once.
std::string DeadLetterId(const MessageOrigin& origin);

/// The headers of the dead letter, without those that would be empty: the library's parser takes
/// the next line for an empty value. Those of the original are kept, except for the ones that speak
/// to the server (Nats-…); its Nats-Msg-Id becomes Dsw-Original-Msg-Id. Values are redacted, on one
/// line, and at most 1024 bytes long.
NatsHeaders DeadLetterHeaders(const MessageOrigin& origin, const NatsHeaders& original,
                              const DeadLetterReason& reason, std::string_view worker,
                              std::chrono::system_clock::time_point now);

/// As many of `headers` as fit into `room` bytes of a message: all of them if possible, else with
/// values of at most 128 bytes, else only those that tell what failed and where to replay it, else
/// none.
NatsHeaders FitHeaders(const NatsHeaders& headers, std::size_t room);

/// What `headers` take in a message, with the line before and the one after them.
std::size_t HeaderBytes(const NatsHeaders& headers);

/// `text` as a header value can hold it.
std::string HeaderValue(std::string_view text);

}  // namespace dsw
