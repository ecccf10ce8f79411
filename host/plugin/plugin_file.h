// SPDX-License-Identifier: Apache-2.0
//
// Everything that is decided about a file before any of its code runs.
#pragma once

#include <filesystem>
#include <string>

#include "host/base/result.h"
#include "host/plugin/manifest.h"

namespace dsw {

struct PluginFile {
  std::string image;
  std::string sha256;  ///< Lower-case hexadecimal.
};

/// Reads a regular file that nobody but its owner can change, in a directory of which the same is
/// true. kInvalid says what stands against it and how to mend that.
Result<PluginFile> ReadPluginFile(const std::filesystem::path& path);

/// The manifest in the image of a plugin for this machine and this ABI. kInvalid says which of the
/// conditions the file does not meet.
Result<Manifest> ReadManifest(std::string_view image);

}  // namespace dsw
