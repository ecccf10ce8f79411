// SPDX-License-Identifier: Apache-2.0
//
// Loading into a process of its own: for good, or to see whether it can be loaded at all.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "host/base/result.h"
#include "host/plugin/load_options.h"
#include "host/plugin/loader.h"
#include "host/plugin/manifest.h"
#include "host/plugin/plugin_lock.h"

namespace dsw {

/// What a file holds, as it was checked.
struct PluginImage {
  std::filesystem::path path;
  std::string_view bytes;
  std::string sha256;
};

/// Whether the plugin in this file is to have a process of its own. `mode` is what its lock says:
/// that knows the plugin, and the options do not.
bool RunsIsolated(const std::filesystem::path& file, PluginMode mode, const LoadOptions& options);

/// Starts the plugin in a process of its own, with what it was granted, by the options or by its
/// lock, and holds its table to the same checks as that of any other. kInvalid besides when it
/// needs what it was not granted.
Status LoadIsolated(LoadedPlugin& plugin, const Manifest& manifest, const PluginImage& image,
                    std::span<const std::string> lock_grants, const LoadOptions& options);

/// Loads the plugin into a process that ends right after: a plugin that crashes, exits or hangs
/// while it is loaded does that there. kInvalid says what happened. Nothing without a runner.
Status TryOut(const Manifest& manifest, const PluginImage& image, const LoadOptions& options);

}  // namespace dsw
