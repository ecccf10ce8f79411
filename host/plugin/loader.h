// SPDX-License-Identifier: Apache-2.0
//
// The plugin directories: which files are plugins, and what they offer.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <dsw/plugin.h>

#include "host/base/result.h"
#include "host/isolation/isolated_plugin.h"
#include "host/plugin/file_stamp.h"
#include "host/plugin/load_options.h"
#include "host/plugin/manifest.h"
#include "host/plugin/plugin_file.h"
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
  void* state = nullptr;                      ///< From dsw_plugin.init.
  std::shared_ptr<IsolatedPlugin> process{};  ///< What `table` and `state` stand for; may be null.
  std::atomic<int> instances{0};              ///< That exist now.
};

struct LoadedProvider {
  std::shared_ptr<LoadedPlugin> plugin;
  const dsw_provider* table = nullptr;
  std::string id;
  ProviderKind kind = ProviderKind::kEmbedder;
};

/// A plugin that has a process of its own, and how that is doing.
struct PluginProcess {
  std::string file;
  std::string id;
  std::string sha256;
  ProcessStatus status;
};

/// Loads every plugin of the directories, in their order and within one in byte order of the file
/// names; takes files that end in ".so". A file that cannot be used, or that is not trusted, is
/// reported and passed over. Loading and Shutdown() belong to one thread; thread-safe in between.
class LoadedPlugins {
 public:
  explicit LoadedPlugins(std::span<const std::filesystem::path> directories,
                         LoadOptions options = {});
  LoadedPlugins(const LoadedPlugins&) = delete;
  LoadedPlugins& operator=(const LoadedPlugins&) = delete;
  ~LoadedPlugins();

  const std::vector<DirectoryReport>& directories() const { return directories_; }
  std::vector<PluginReport> files() const;

  /// kInvalid, naming the files, when two of them offer the same provider: which one would serve it
  /// must not depend on their names. The first of them is loaded.
  Status CheckUnique() const;

  /// Null when no loaded plugin has it.
  std::shared_ptr<const LoadedProvider> Find(ProviderKind kind, std::string_view id) const;
  std::vector<std::shared_ptr<const LoadedProvider>> providers() const;

  /// Looks at the directories again, and brings what has changed into effect where plugins have
  /// processes of their own: calls to a file that was replaced go to its new version, those under
  /// way end in the old one; a file that is gone offers nothing any more, but instances of it work
  /// until they are closed. A file that cannot be used leaves its old version serving. With
  /// `refused`, files that were refused are tried again though they did not change. True when
  /// anything changed.
  bool Reload(bool refused);

  std::vector<PluginProcess> Processes() const;
  /// Ends the quarantine of plugins whose file's sha256 begins so; how many there were.
  std::size_t Release(std::string_view sha256) const;

  /// Ends every plugin that has no instance left, in reverse order of loading. The code stays in
  /// the process. No provider may be used afterwards.
  void Shutdown();

 private:
  /// A file that may be loaded.
  struct Candidate {
    PluginFile file;
    Manifest manifest;
    bool exact = false;  ///< As for HoldForLoading().
  };

  void LoadDirectory(const std::filesystem::path& given, const std::filesystem::path& directory);
  /// Loads without offering it yet: all that is looked at before any of its code runs, and that.
  Result<std::shared_ptr<LoadedPlugin>> LoadFile(const std::filesystem::path& path,
                                                 const DirectoryTrust& trust, PluginReport& report);
  Result<Candidate> Examine(const std::filesystem::path& path, const DirectoryTrust& trust,
                            PluginReport& report);
  Result<std::shared_ptr<LoadedPlugin>> Start(Candidate candidate, const PluginReport& report);
  Status CheckNotLoaded(const PluginReport& report);
  /// Offers what `plugin` has from now on, and in the same moment no more what `instead_of` had,
  /// which may be the same one.
  void Offer(const std::shared_ptr<LoadedPlugin>& plugin,
             const std::shared_ptr<LoadedPlugin>& instead_of = nullptr);

  // Of Reload(), on files that changed.
  bool ReloadDirectory(const std::filesystem::path& directory, bool refused);
  bool ReloadFile(const std::filesystem::path& path, const DirectoryTrust& trust,
                  std::set<std::string>& warned);
  void Replace(const std::shared_ptr<LoadedPlugin>& old, const std::shared_ptr<LoadedPlugin>& fresh,
               PluginReport report);
  bool Drop(const std::string& file);
  /// Whether the file is another than when this was last asked.
  bool NoteStamp(const std::filesystem::path& file);
  void SetReport(PluginReport report);
  std::shared_ptr<LoadedPlugin> PluginOf(const std::string& file) const;
  PluginReport ReportOf(const std::string& file) const;

  const LoadOptions options_;
  // Of whoever loads.
  std::vector<DirectoryReport> directories_;
  std::vector<std::string> duplicates_;
  std::map<std::string, FileStamp> stamps_;
  std::map<std::string, std::filesystem::path> given_;  // Directories, before links were resolved.

  mutable std::mutex mutex_;
  std::vector<PluginReport> files_;  // Guarded by mutex_, as the rest.
  std::vector<std::shared_ptr<LoadedPlugin>> plugins_;
  std::vector<std::shared_ptr<const LoadedProvider>> providers_;
};

}  // namespace dsw
