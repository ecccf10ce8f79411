// SPDX-License-Identifier: Apache-2.0
#include "host/domain/stamp.h"

#include <nlohmann/json.hpp>

namespace dsw {

using Json = nlohmann::json;

Stamp ReadStamp(std::string_view text) {
  const Json stamp = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!stamp.is_object()) return {};
  const auto number = [&](const char* key) -> std::optional<std::int64_t> {
    const auto found = stamp.find(key);
    if (found == stamp.end() || !found->is_number_integer()) return std::nullopt;
    return found->get<std::int64_t>();
  };
  const auto string = [&](const char* key) {
    const auto found = stamp.find(key);
    return found != stamp.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  return {.embedded_dataset_id = number("ed"),
          .hash = string("h"),
          .maker = string("m"),
          .token = number("t").value_or(0)};
}

}  // namespace dsw
