// SPDX-License-Identifier: Apache-2.0
//
// The plugin directories: which files are plugins, and what they offer.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <dsw/plugin.h>

#include "host/base/result.h"
#include "host/plugin/plugin_report.h"
#include "host/plugin/trust.h"

namespace dsw {

/// The ABI that this host speaks, as "0.1".
std::string HostAbiVersion();

/// The files of a directory that are taken for plugins, in the order in which they are loaded.
/// kInvalid when it cannot be read.
Result<std::vector<std::filesystem::path>> PluginFilesIn(const std::filesystem::path& directory);

/// A plugin that was initialised.
struct LoadedPlugin {
  std::string file;
  const dsw_host* host = nullptr;
  const dsw_plugin* table = nullptr;
  void* state = nullptr;          ///< From dsw_plugin.init.
  std::atomic<int> instances{0};  ///< That exist now.
};

struct LoadedProvider {
  std::shared_ptr<LoadedPlugin> plugin;
  const dsw_provider* table = nullptr;
  std::string id;
  ProviderKind kind = ProviderKind::kEmbedder;
};

/// Loads every plugin of the directories, in their order and within one in byte order of the file
/// names; takes files that end in ".so". A file that cannot be used, or that `policy` does not let
/// in, is reported and passed over.
/// Loading and Shutdown() belong to one thread; immutable and thread-safe in between.
class LoadedPlugins {
 public:
  explicit LoadedPlugins(std::span<const std::filesystem::path> directories,
                         const TrustPolicy& policy = {});
  LoadedPlugins(const LoadedPlugins&) = delete;
  LoadedPlugins& operator=(const LoadedPlugins&) = delete;
  ~LoadedPlugins();

  const std::vector<DirectoryReport>& directories() const { return directories_; }
  const std::vector<PluginReport>& files() const { return files_; }

  /// kInvalid, naming the files, when two of them offer the same provider: which one would serve it
  /// must not depend on their names. The first of them is loaded.
  Status CheckUnique() const;

  /// Null when no loaded plugin has it.
  const LoadedProvider* Find(ProviderKind kind, std::string_view id) const;
  const std::vector<LoadedProvider>& providers() const { return providers_; }

  /// Ends every plugin that has no instance left, in reverse order of loading. The code stays in
  /// the process. No provider may be used afterwards.
  void Shutdown();

 private:
  void LoadDirectory(const std::filesystem::path& given, const std::filesystem::path& directory,
                     const TrustPolicy& policy);
  Status LoadFile(const std::filesystem::path& path, const DirectoryTrust& trust,
                  PluginReport& report);
  Status CheckNotLoaded(const PluginReport& report);

  std::vector<DirectoryReport> directories_;
  std::vector<PluginReport> files_;
  std::vector<std::string> duplicates_;
  std::vector<std::shared_ptr<LoadedPlugin>> plugins_;
  std::vector<LoadedProvider> providers_;
};

}  // namespace dsw
