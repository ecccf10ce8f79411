// SPDX-License-Identifier: Apache-2.0
//
// The one way to write a log line: an event with named fields. Where lines go and how they look is
// decided once, at start-up, by whoever installs the LogBackend.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace dsw {

enum class LogLevel { kTrace, kDebug, kInfo, kWarn, kError };

/// A named value of an event, as {"job_id", job.id}.
struct LogField {
  std::string_view key;
  std::string value;
};

/// Receives every line. Implementations are thread-safe and redact (Redact()) what they write.
class LogBackend {
 public:
  virtual ~LogBackend() = default;
  /// `component` is the folder the line comes from: "pipeline", "nats", "plugin", ….
  virtual bool Enabled(LogLevel level, std::string_view component) const = 0;
  virtual void Write(LogLevel level, std::string_view component, std::string_view message,
                     std::span<const LogField> fields) = 0;
};

/// Installs the backend, which must outlive every thread that logs; null drops all lines.
/// To be called while only one thread runs.
void SetLogBackend(LogBackend* backend);

/// True when such a line would be written; for work that only a log line needs. Thread-safe.
bool LogEnabled(LogLevel level, std::string_view component);

/// Writes one line. Thread-safe.
void Log(LogLevel level, std::string_view component, std::string_view message,
         std::span<const LogField> fields);
inline void Log(LogLevel level, std::string_view component, std::string_view message,
                std::initializer_list<LogField> fields = {}) {
  Log(level, component, message, std::span<const LogField>(fields.begin(), fields.size()));
}

}  // namespace dsw
