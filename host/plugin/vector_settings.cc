// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/vector_settings.h"

#include <nlohmann/json.hpp>

namespace dsw {

std::optional<std::vector<std::string>> VectorSettings(std::string_view schema) {
  const nlohmann::json document = nlohmann::json::parse(schema, nullptr, false);
  if (!document.is_object()) return std::nullopt;
  std::vector<std::string> names;
  const auto properties = document.find("properties");
  if (properties == document.end() || !properties->is_object()) return names;
  for (const auto& [name, property] : properties->items()) {
    const auto mark = property.find("x-dsw-vectors");
    if (mark != property.end() && *mark == true) names.push_back(name);
  }
  return names;
}

}  // namespace dsw
