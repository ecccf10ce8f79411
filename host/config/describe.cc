// SPDX-License-Identifier: Apache-2.0
#include "host/config/describe.h"

#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host/config/settings_table.h"

namespace dsw {
namespace {

/// Calls `group` at the first setting of each group, and `row` for each setting.
template <typename OnGroup, typename OnRow>
void ForEach(OnGroup group, OnRow row) {
  std::string_view current;
  for (const Setting& setting : SettingsTable()) {
    if (setting.group != current) group(setting.group, current.empty());
    current = setting.group;
    row(setting);
  }
}

const Settings::Effective& EffectiveOf(const Settings& settings, const Setting& setting) {
  return settings.effective.find(setting.name)->second;
}

}  // namespace

std::string SettingsHelp() {
  std::string text;
  ForEach(
      [&](std::string_view group, bool first) {
        fmt::format_to(std::back_inserter(text), "{}{}:\n", first ? "" : "\n", group);
      },
      [&](const Setting& setting) {
        fmt::format_to(std::back_inserter(text), "  {}={}\n      {}\n      ({})\n", setting.name,
                       setting.default_value, setting.help, setting.allowed);
      });
  return text;
}

std::string EnvironmentFile() {
  std::string text;
  ForEach(
      [&](std::string_view group, bool first) {
        fmt::format_to(std::back_inserter(text), "{}# {}\n", first ? "" : "\n", group);
      },
      [&](const Setting& setting) {
        fmt::format_to(std::back_inserter(text), "# {} ({})\n#{}={}\n", setting.help,
                       setting.allowed, setting.name, setting.default_value);
      });
  return text;
}

std::string EffectiveText(const Settings& settings) {
  std::string text;
  ForEach(
      [&](std::string_view group, bool first) {
        fmt::format_to(std::back_inserter(text), "{}# {}\n", first ? "" : "\n", group);
      },
      [&](const Setting& setting) {
        const Settings::Effective& effective = EffectiveOf(settings, setting);
        fmt::format_to(std::back_inserter(text), "{}={}{}\n", setting.name, effective.value,
                       effective.from_environment ? "  # set" : "");
      });
  return text;
}

std::string EffectiveJson(const Settings& settings) {
  using Json = nlohmann::ordered_json;
  Json rows = Json::array();
  for (const Setting& setting : SettingsTable()) {
    const Settings::Effective& effective = EffectiveOf(settings, setting);
    rows.push_back({{"name", setting.name},
                    {"value", effective.value},
                    {"default", setting.default_value},
                    {"source", effective.from_environment ? "environment" : "default"},
                    {"allowed", setting.allowed},
                    {"help", setting.help}});
  }
  const Json document = {{"settings", std::move(rows)}, {"warnings", settings.warnings}};
  return document.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace dsw
