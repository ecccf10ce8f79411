// SPDX-License-Identifier: Apache-2.0
#include "host/observe/log_line.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host/base/clock.h"
#include "host/base/log_filter.h"
#include "host/base/secret.h"

namespace dsw {
namespace {

using Json = nlohmann::ordered_json;

/// As a JSON string, quotes included.
std::string Quoted(std::string_view text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool IsPlain(std::string_view text, std::string_view but_not) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return c >= ' ' && c < '\x7f' && but_not.find(c) == std::string_view::npos;
  });
}

/// For people to read: left alone as far as possible.
std::string Message(std::string_view text) {
  if (IsPlain(text, "")) return std::string(text);
  const std::string quoted = Quoted(text);
  return quoted.substr(1, quoted.size() - 2);
}

std::string Value(std::string_view text) {
  return !text.empty() && IsPlain(text, " \"=\\") ? std::string(text) : Quoted(text);
}

}  // namespace

std::string TextLine(const LogEvent& event) {
  std::string level(LevelName(event.level));
  std::transform(level.begin(), level.end(), level.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  std::string line = fmt::format("{} {:<5} {} {}", FormatUtc(event.time), level, event.component,
                                 Message(Redact(event.message)));
  for (const LogField& field : event.fields) {
    line += fmt::format(" {}={}", field.key, Value(Redact(field.value)));
  }
  return line;
}

std::string JsonLine(const LogEvent& event) {
  Json line = {{"ts", FormatUtc(event.time)},
               {"level", LevelName(event.level)},
               {"component", event.component},
               {"message", Redact(event.message)}};
  for (const LogField& field : event.fields) {
    std::string key(field.key);
    if (key == "ts" || key == "level" || key == "component" || key == "message") key += '_';
    line[key] = Redact(field.value);
  }
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace dsw
