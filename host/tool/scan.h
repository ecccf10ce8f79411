// SPDX-License-Identifier: Apache-2.0
//
// The files that the commands work on.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.h"

namespace dsw {

/// The directory without links in its path. kNotFound when there is none.
Result<std::filesystem::path> ResolveDirectory(const std::filesystem::path& directory);

/// Tells on stderr when others than its owner could have changed the file.
void WarnIfExposed(const std::filesystem::path& path);

/// Puts a whole file into the place of another, so that readers see the one or the other. It can be
/// read by all and changed by its owner.
Status ReplaceFile(const std::filesystem::path& path, std::string_view content);

}  // namespace dsw
