// SPDX-License-Identifier: Apache-2.0
//
// Which log lines are wanted, and in what form.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "host/base/log.h"

namespace dsw {

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
