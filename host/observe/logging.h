// SPDX-License-Identifier: Apache-2.0
//
// Where log lines go: to stderr, as text or JSON, if their component's level lets them.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "host/base/log.h"
#include "host/base/log_filter.h"

namespace spdlog {
class logger;
namespace sinks {
class sink;
}
}  // namespace spdlog

namespace dsw {

/// Thread-safe.
class Logging final : public LogBackend {
 public:
  /// Writes to stderr.
  Logging(LogFilter filter, LogFormat format);
  /// Writes to `sink`.
  Logging(LogFilter filter, LogFormat format, std::shared_ptr<spdlog::sinks::sink> sink);
  ~Logging() override;

  /// A component without a level of its own follows the one it is part of: "plugin.openai" follows
  /// "plugin".
  bool Enabled(LogLevel level, std::string_view component) const override;
  void Write(LogLevel level, std::string_view component, std::string_view message,
             std::span<const LogField> fields) override;

 private:
  const LogFilter filter_;
  const bool json_;
  const std::unique_ptr<spdlog::logger> logger_;
};

/// Logging for as long as this lives. Bound to the main thread, while no other runs.
class InstalledLogging {
 public:
  InstalledLogging(const LogFilter& filter, LogFormat format) : logging_(filter, format) {
    SetLogBackend(&logging_);
  }
  InstalledLogging(const InstalledLogging&) = delete;
  InstalledLogging& operator=(const InstalledLogging&) = delete;
  ~InstalledLogging() { SetLogBackend(nullptr); }

 private:
  Logging logging_;
};

}  // namespace dsw
