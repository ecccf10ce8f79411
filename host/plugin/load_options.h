// SPDX-License-Identifier: Apache-2.0
//
// Which plugins are loaded, which of them into a process of their own, and what such a process may
// do.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "host/domain/isolation.h"
#include "host/plugin/trust.h"

namespace dsw {

struct LoadOptions {
  TrustPolicy trust{};
  Isolation isolation = Isolation::kNone;
  /// Directories that were installed with the worker.
  std::vector<std::filesystem::path> own_directories{};
  /// dsw-plugin-runner. Empty: no plugin can be isolated, and none is tried out before it is
  /// loaded.
  std::filesystem::path runner{};
  /// By the plugin's id: "files", "net".
  std::map<std::string, std::set<std::string>, std::less<>> grants{};
  /// Bytes that a process of a plugin may use; 0: any number.
  std::uint64_t memory = 0;
  /// For each step of loading, in a process of its own.
  std::chrono::milliseconds limit{20'000};
  /// For making and ending an instance there.
  std::chrono::milliseconds instance_limit{60'000};
};

}  // namespace dsw
