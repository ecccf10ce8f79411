// SPDX-License-Identifier: Apache-2.0
#include "host/observe/logging.h"

#include <chrono>
#include <utility>

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <unistd.h>

#include "host/observe/log_line.h"

namespace dsw {

Logging::Logging(LogFilter filter, LogFormat format)
    : Logging(std::move(filter), format, std::make_shared<spdlog::sinks::stderr_sink_mt>()) {}

Logging::Logging(LogFilter filter, LogFormat format, std::shared_ptr<spdlog::sinks::sink> sink)
    : filter_(std::move(filter)),
      json_(format == LogFormat::kJson ||
            (format == LogFormat::kAuto && isatty(STDERR_FILENO) == 0)),
      logger_(std::make_unique<spdlog::logger>("", std::move(sink))) {
  // What is wanted was decided by component, and lines come whole.
  logger_->set_level(spdlog::level::trace);
  logger_->set_pattern("%v");
  logger_->flush_on(spdlog::level::trace);
}

Logging::~Logging() = default;

bool Logging::Enabled(LogLevel level, std::string_view component) const {
  while (!component.empty()) {
    if (const auto found = filter_.components.find(component); found != filter_.components.end()) {
      return found->second && level >= *found->second;
    }
    const std::size_t dot = component.rfind('.');
    component = component.substr(0, dot == std::string_view::npos ? 0 : dot);
  }
  return filter_.level && level >= *filter_.level;
}

void Logging::Write(LogLevel level, std::string_view component, std::string_view message,
                    std::span<const LogField> fields) {
  const LogEvent event = {.time = std::chrono::system_clock::now(),
                          .level = level,
                          .component = component,
                          .message = message,
                          .fields = fields};
  const std::string line = json_ ? JsonLine(event) : TextLine(event);
  logger_->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace dsw
