// SPDX-License-Identifier: Apache-2.0
//
// Which log lines are wanted, and in what form.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "host/base/log.h"

namespace dsw {

/// As in settings and in lines: "warn".
constexpr std::string_view LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace:
      return "trace";
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarn:
      return "warn";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

/// The lowest level that is written; empty for none.
using LogThreshold = std::optional<LogLevel>;

struct LogFilter {
  LogThreshold level = LogLevel::kInfo;
  /// By component, where it differs from `level`.
  std::map<std::string, LogThreshold, std::less<>> components;
};

enum class LogFormat {
  kAuto,  ///< Text when stderr is a terminal, else JSON.
  kText,
  kJson,
};

}  // namespace dsw
