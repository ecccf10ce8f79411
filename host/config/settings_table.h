// SPDX-License-Identifier: Apache-2.0
//
// One row per variable: what feeds parsing, help, check-config and the example environment file.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "host/config/settings.h"

namespace dsw {

/// Reads `text` into its member of Settings, and returns its usual spelling; kInvalid says what is
/// allowed.
using SettingReader = std::function<Result<std::string>(Settings& settings, std::string_view text)>;

/// The provider option that a setting is the default of.
struct ProviderOption {
  std::string_view provider;  ///< Empty: none.
  std::string_view option;
  bool is_text = true;  ///< Else the value stands in the JSON as it is: a number, true or false.
};

enum class Sensitivity {
  kPlain,
  kAddress,  ///< May hold a password: shown without it.
  kSecret,   ///< Never shown.
};

struct Setting {
  std::string_view group;
  std::string_view name;
  std::string_view default_value;  ///< Empty: not set.
  std::string allowed;             ///< As "1 to 1024", "true or false".
  std::string_view help;
  SettingReader read;
  Sensitivity sensitivity = Sensitivity::kPlain;
  ProviderOption option = {};
};

/// All settings, in the order in which they are listed.
std::span<const Setting> SettingsTable();

}  // namespace dsw
