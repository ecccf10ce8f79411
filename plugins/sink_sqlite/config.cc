// SPDX-License-Identifier: Apache-2.0
#include "plugins/sink_sqlite/config.h"

#include <nlohmann/json.hpp>

#include <dsw/plugin.hpp>

namespace dsw::sqlite {

Config ParseConfig(std::string_view json) {
  const auto root = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object()) {
    throw Failure(DSW_E_INVALID_CONFIG, "sqlite: the configuration is not a JSON object");
  }
  Config config;
  for (const auto& [key, value] : root.items()) {
    if (key != "path") {
      throw Failure(DSW_E_INVALID_CONFIG,
                    "sqlite: /" + key + ": not a setting of this sink; there is only path");
    }
    if (!value.is_string()) throw Failure(DSW_E_INVALID_CONFIG, "sqlite: /path: expected text");
    config.path = value.get<std::string>();
  }
  if (config.path.empty()) {
    throw Failure(DSW_E_INVALID_CONFIG, "sqlite: /path: missing; name a file (SQLITE_PATH)");
  }
  return config;
}

}  // namespace dsw::sqlite
