// SPDX-License-Identifier: Apache-2.0
//
// The plugins as the settings ask for them; shared by the worker and by the commands that embed.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <vector>

#include "host/base/result.h"
#include "host/config/settings.h"
#include "host/plugin/catalog.h"
#include "host/plugin/load_options.h"
#include "host/plugin/loader.h"
#include "host/ports/http_client.h"

namespace dsw {

/// PLUGIN_DIR as paths.
std::vector<std::filesystem::path> PluginDirectories(const Settings& settings);

/// How the settings want plugins to be run. Those that came with the worker lie in the directory
/// that this build installs them in, or in the same place relative to this program. kInvalid,
/// naming the setting, when keys or sums cannot be read.
Result<LoadOptions> PluginLoadOptions(const Settings& settings);

/// Loaded plugins and their catalog. Plugins are shut down when it is destroyed; whatever was
/// opened through the catalog must be gone by then.
class PluginHost {
 public:
  /// kInvalid when two plugins offer the same provider or as PluginLoadOptions(), kNotFound
  /// when there is no embedder at all or the configured sink is missing; as the HTTP client for
  /// proxies and certificates that cannot be used.
  static Result<std::unique_ptr<PluginHost>> Open(const Settings& settings);
  ~PluginHost();

  /// Brings changes in the directories into effect, as LoadedPlugins::Reload(). Thread-safe.
  bool Reload(bool refused);

  LoadedPlugins& plugins() { return plugins_; }
  LoadedCatalog& catalog() { return *catalog_; }

 private:
  PluginHost(const Settings& settings, LoadOptions options, std::unique_ptr<HttpClient> http);
  Status Check(const Settings& settings) const;

  const std::unique_ptr<HttpClient> http_;
  LoadedPlugins plugins_;
  std::unique_ptr<LoadedCatalog> catalog_;
  std::mutex reloading_;
};

}  // namespace dsw
