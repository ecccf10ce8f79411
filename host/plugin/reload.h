// SPDX-License-Identifier: Apache-2.0
//
// What loading and loading again have in common.
#pragma once

#include <filesystem>
#include <vector>

#include "host/base/result.h"
#include "host/plugin/loader.h"

namespace dsw {

/// The directory's files that are taken for plugins, in the order of loading.
Result<std::vector<std::filesystem::path>> PluginFilesIn(const std::filesystem::path& directory);
FileStamp StampOf(const std::filesystem::path& file);
void LogVerdict(const PluginReport& report);

}  // namespace dsw
