// SPDX-License-Identifier: Apache-2.0
//
// A plugin directory of a test's own.
#pragma once

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <string_view>

#include "host/plugin/loader.h"
#include "tests/support/temp_dir.h"

namespace dsw {

class PluginDirectory {
 public:
  const std::filesystem::path& path() const { return directory_.path(); }

  /// Copies a file in, under `name`, such that only its owner can change it.
  std::filesystem::path Add(const std::filesystem::path& file, const std::string& name) const {
    const std::filesystem::path copy = directory_ / name;
    std::filesystem::copy_file(file, copy);
    std::filesystem::permissions(copy, std::filesystem::perms(0644));
    return copy;
  }
  std::filesystem::path Add(const std::filesystem::path& file) const {
    return Add(file, file.filename().string());
  }
  LoadedPlugins Load(const TrustPolicy& policy = {}) const {
    return LoadedPlugins(std::array{path()}, policy);
  }

 private:
  const TempDir directory_;
};

/// The report on the file of this name; an empty one when there is none.
inline PluginReport ReportOn(const LoadedPlugins& plugins, std::string_view name) {
  for (const PluginReport& report : plugins.files()) {
    if (std::filesystem::path(report.file).filename() == name) return report;
  }
  return {};
}

}  // namespace dsw
