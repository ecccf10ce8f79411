// SPDX-License-Identifier: Apache-2.0
//
// Brings a shared object into the process, for good.
#pragma once

#include <cfenv>
#include <filesystem>

#include <dsw/plugin.h>

#include "host/base/result.h"

namespace dsw {

/// Keeps the floating-point environment of the thread: restores it when it goes out of scope. A
/// library that was linked with -ffast-math turns denormals off when it is loaded.
class FloatingPointKeeper {
 public:
  FloatingPointKeeper() { std::fegetenv(&environment_); }
  FloatingPointKeeper(const FloatingPointKeeper&) = delete;
  FloatingPointKeeper& operator=(const FloatingPointKeeper&) = delete;
  ~FloatingPointKeeper() { std::fesetenv(&environment_); }

 private:
  std::fenv_t environment_{};
};

/// Loads the plugin at `path` (absolute) with all of its symbols bound and hidden from others, and
/// finds its entry function. The library stays loaded until the process ends: threads and
/// thread-local destructors of a plugin outlive any point at which it could be unloaded. kInvalid
/// with the dynamic linker's words when that fails. Runs the library's initialisers.
Result<dsw_plugin_entry_fn> LoadEntry(const std::filesystem::path& path);

}  // namespace dsw
