// SPDX-License-Identifier: Apache-2.0
// JSON files of a model folder, with errors that name the file.
#pragma once

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include <dsw/plugin.hpp>

namespace dsw::fastembed {

/// The object in `path`, or nothing when there is no such file. Throws Failure
/// (DSW_E_INVALID_CONFIG, local) when the file does not hold a JSON object.
inline std::optional<nlohmann::json> ReadJsonFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  nlohmann::json value = nlohmann::json::parse(in, nullptr, /*allow_exceptions=*/false);
  if (!value.is_object()) {
    throw Failure(DSW_E_INVALID_CONFIG,
                  path.string() + ": not a JSON object; the file is damaged, fetch it again")
        .Local();
  }
  return value;
}

}  // namespace dsw::fastembed
