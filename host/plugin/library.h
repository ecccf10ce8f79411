// SPDX-License-Identifier: Apache-2.0
//
// Brings a shared object into the process, for good.
#pragma once

#include <filesystem>

#include <dsw/plugin.h>

#include "host/base/result.h"

namespace dsw {

/// Loads the plugin at `path` (absolute) with all of its symbols bound and hidden from others, and
/// finds its entry function. The library stays loaded until the process ends: threads and
/// thread-local destructors of a plugin outlive any point at which it could be unloaded. kInvalid
/// with the dynamic linker's words when that fails. Runs the library's initialisers.
Result<dsw_plugin_entry_fn> LoadEntry(const std::filesystem::path& path);

}  // namespace dsw
