// SPDX-License-Identifier: Apache-2.0
//
// The plugins as the settings ask for them; shared by the worker and by the commands that embed.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "host/base/result.h"
#include "host/config/settings.h"
#include "host/plugin/catalog.h"
#include "host/plugin/loader.h"
#include "host/plugin/trust.h"
#include "host/ports/http_client.h"

namespace dsw {

/// PLUGIN_DIR as paths.
std::vector<std::filesystem::path> PluginDirectories(const Settings& settings);

/// What plugin files have to prove. kInvalid, naming the setting, when keys or sums cannot be read.
Result<TrustPolicy> PluginTrustPolicy(const Settings& settings);

/// Loaded plugins and their catalog. Plugins are shut down when it is destroyed; whatever was
/// opened through the catalog must be gone by then.
class PluginHost {
 public:
  /// kInvalid when two plugins offer the same provider or as PluginTrustPolicy(), kNotFound
  /// when there is no embedder at all or the configured sink is missing; as the HTTP client for
  /// proxies and certificates that cannot be used.
  static Result<std::unique_ptr<PluginHost>> Open(const Settings& settings);
  ~PluginHost();

  LoadedPlugins& plugins() { return plugins_; }
  LoadedCatalog& catalog() { return *catalog_; }

 private:
  PluginHost(const Settings& settings, const TrustPolicy& policy, std::unique_ptr<HttpClient> http);
  Status Check(const Settings& settings) const;

  const std::unique_ptr<HttpClient> http_;
  LoadedPlugins plugins_;
  std::unique_ptr<LoadedCatalog> catalog_;
};

}  // namespace dsw
