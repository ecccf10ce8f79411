// SPDX-License-Identifier: Apache-2.0
//
// Everything that is decided about a file before any of its code runs.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "host/base/result.h"
#include "host/plugin/guarded_file.h"
#include "host/plugin/manifest.h"

namespace dsw {

struct PluginFile {
  GuardedFile file;
  std::string image;
  std::string sha256;  ///< Of `image`; lower-case hexadecimal.
};

/// Reads a file of a directory, as OpenGuarded() does. A name that is a link out of the directory
/// counts as exposed. kInvalid says what stands against it and how to mend that.
Result<PluginFile> ReadPluginFile(const std::filesystem::path& directory, const std::string& name);

/// What the dynamic linker is to open, so that it gets the bytes of PluginFile::image.
struct LoadSource {
  int fd = -1;            ///< Those bytes; open until the process ends.
  std::string load_path;  ///< Of this process; absolute.
  bool sealed = false;    ///< A sealed copy, and not the file in its place.
};

/// A file that only root can change is loaded in its place. Of any other a sealed copy is, so that
/// what happens to the file after it was read changes nothing. A library that looks for others
/// beside itself ($ORIGIN) has no such place in a copy: it is loaded in its own, if it is still
/// what was read, or refused (kInvalid) when `exact` bytes were asked for.
Result<LoadSource> HoldForLoading(PluginFile file, bool exact);

/// In lower-case hexadecimal.
std::string Sha256Hex(std::string_view bytes);

/// The manifest in the image of a plugin for this machine and this ABI. kInvalid says which of the
/// conditions the file does not meet.
Result<Manifest> ReadManifest(std::string_view image);

}  // namespace dsw
