// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/session.h"

#include <nlohmann/json.hpp>

namespace dsw {

std::string DatabaseText(std::string_view text) {
  std::string without_nul(text);
  std::erase(without_nul, '\0');
  const std::string repaired =
      nlohmann::json(without_nul).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return nlohmann::json::parse(repaired).get<std::string>();
}

}  // namespace dsw
