// SPDX-License-Identifier: Apache-2.0
#include "host/config/settings.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "host/base/ascii.h"
#include "host/config/credentials.h"
#include "host/config/settings_table.h"
#include "host/config/values.h"

namespace dsw {
namespace {

using Json = nlohmann::json;

std::string Shown(const Setting& setting, std::string_view value) {
  switch (setting.sensitivity) {
    case Sensitivity::kSecret:
      return value.empty() ? "" : "***";
    case Sensitivity::kAddress:
      return MaskCredentials(value);
    case Sensitivity::kPlain:
      break;
  }
  return std::string(value);
}

/// The setting that `name` is probably a misspelling of; empty if none, or if it is a setting.
std::string_view Meant(std::string_view name) {
  constexpr std::size_t kNear = 2;
  constexpr std::size_t kShort = 8;  // Short names are near to too much.
  std::string_view nearest;
  std::size_t least = kNear + 1;
  for (const Setting& setting : SettingsTable()) {
    if (name == setting.name) return {};
    if (setting.name.size() < kShort) continue;
    const std::size_t distance = EditDistance(name, setting.name);
    if (distance >= least) continue;
    least = distance;
    nearest = setting.name;
  }
  return nearest;
}

/// Paths may hold bytes that are not UTF-8.
std::string Printed(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

Environment ProcessEnvironment() {
  Environment environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

Result<Settings> ParseSettings(const Environment& environment) {
  Settings settings;
  std::string mistakes;
  std::map<std::string, Json, std::less<>> options;
  for (const Setting& setting : SettingsTable()) {
    const auto found = environment.find(setting.name);
    const std::string_view given =
        found == environment.end() ? std::string_view() : Trim(found->second);
    std::string value(given.empty() ? setting.default_value : given);
    if (!value.empty()) {
      Result<std::string> read = setting.read(settings, value);
      if (!read) {
        mistakes += fmt::format("{}{}={}: {}", mistakes.empty() ? "" : "\n", setting.name,
                                Shown(setting, value), read.error().message);
        continue;
      }
      value = *std::move(read);
      const ProviderOption& option = setting.option;
      if (!option.provider.empty()) {
        options[std::string(option.provider)][std::string(option.option)] =
            option.is_text ? Json(value) : Json::parse(value);
      }
    }
    settings.effective[std::string(setting.name)] = {Shown(setting, value), !given.empty()};
  }
  if (!mistakes.empty()) return Fail(Code::kInvalid, std::move(mistakes));

  for (const auto& [provider, object] : options) {
    settings.provider_defaults[provider] = Printed(object);
  }
  for (const auto& [name, value] : environment) {
    if (const std::string_view meant = Meant(name); !meant.empty()) {
      settings.warnings.push_back(fmt::format("{} is not a setting: is {} meant?", name, meant));
    }
  }
  return settings;
}

}  // namespace dsw
