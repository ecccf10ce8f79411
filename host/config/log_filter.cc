// SPDX-License-Identifier: Apache-2.0
#include "host/config/log_filter.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "host/base/ascii.h"
#include "host/config/values.h"

namespace dsw {
namespace {

constexpr std::string_view kProgram = "worker_datasets";

Result<LogThreshold> ParseLevel(std::string_view text) {
  const std::string word = LowerCase(text);
  if (word == "off") return LogThreshold();
  if (word == "warning") return LogThreshold(LogLevel::kWarn);
  for (const LogLevel level :
       {LogLevel::kError, LogLevel::kWarn, LogLevel::kInfo, LogLevel::kDebug, LogLevel::kTrace}) {
    if (word == LevelName(level)) return LogThreshold(level);
  }
  return Fail(Code::kInvalid,
              fmt::format("\"{}\" is not a level (off, error, warn, info, debug, trace)", text));
}

/// Our name for what RUST_LOG calls a target; empty for the whole program.
std::string ComponentOf(std::string_view target) {
  if (target == kProgram) return "";
  if (target.substr(0, kProgram.size()) == kProgram) {
    target.remove_prefix(kProgram.size());
    target.remove_prefix(std::min(target.find_first_not_of(':'), target.size()));
    target = target.substr(0, target.find("::"));
    if (target == "job") return "pipeline";
    if (target == "embedder" || target == "qdrant") return "plugin";
  }
  return std::string(target);
}

bool IsTarget(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.' || c == ':';
  });
}

}  // namespace

Result<LogFilter> ParseLogFilter(std::string_view text) {
  LogFilter filter;
  std::optional<LogThreshold> program;
  for (const std::string_view part : SplitList(text, ',')) {
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) {
      ASSIGN_OR_RETURN(filter.level, ParseLevel(part));
      continue;
    }
    const std::string_view target = Trim(part.substr(0, equals));
    if (!IsTarget(target)) {
      return Fail(Code::kInvalid, fmt::format("\"{}\" is not level or component=level", part));
    }
    ASSIGN_OR_RETURN(const LogThreshold level, ParseLevel(Trim(part.substr(equals + 1))));
    const std::string component = ComponentOf(target);
    if (component.empty()) {
      program = level;
    } else {
      filter.components[component] = level;
    }
  }
  // More specific than a bare level, whatever the order.
  if (program) filter.level = *program;
  return filter;
}

}  // namespace dsw
