// SPDX-License-Identifier: Apache-2.0
//
// How an event looks as a line. Secrets are redacted, what is not UTF-8 is replaced, and nothing
// that an event holds can break the line.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <string_view>

#include "host/base/log.h"

namespace dsw {

struct LogEvent {
  std::chrono::system_clock::time_point time;
  LogLevel level = LogLevel::kInfo;
  std::string_view component;
  std::string_view message;
  std::span<const LogField> fields;
};

/// As `2026-11-22T16:25:31.042Z INFO  nats connected servers=localhost:4222 note="two words"`.
std::string TextLine(const LogEvent& event);

/// A JSON object with ts, level, component, message and the fields; a field of one of those names
/// gets a "_" behind it.
std::string JsonLine(const LogEvent& event);

}  // namespace dsw
