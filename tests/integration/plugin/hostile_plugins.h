// SPDX-License-Identifier: Apache-2.0
//
// Where the plugins are that break the contract.
#pragma once

#include <filesystem>
#include <string>

namespace dsw {

inline std::filesystem::path Hostile(const std::string& name) {
  return std::filesystem::path(HOSTILE_DIR) / (name + ".so");
}

}  // namespace dsw
