// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/reload.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <sys/stat.h>

#include "host/base/log.h"
#include "host/plugin/plugin_lock.h"
#include "host/plugin/text.h"

namespace dsw {
namespace {

namespace fs = std::filesystem;

/// Both offer the same providers at the same places.
bool SameProviders(const dsw_plugin& one, const dsw_plugin& other) {
  if (one.provider_count != other.provider_count) return false;
  for (std::size_t i = 0; i < one.provider_count; ++i) {
    const dsw_provider& a = *one.providers[i];
    const dsw_provider& b = *other.providers[i];
    if (a.kind != b.kind || ViewOf(a.id) != ViewOf(b.id)) return false;
  }
  return true;
}

void LogNotNow(const std::string& file) {
  Log(LogLevel::kWarn, "plugin",
      "a file of a plugin that runs in the worker's own process has changed: the worker has to be "
      "started again for that to take effect",
      {{"file", file}});
}

}  // namespace

bool LoadedPlugins::Reload(bool refused) {
  bool changed = false;
  for (const DirectoryReport& directory : directories_) {
    changed = ReloadDirectory(directory.path, refused) || changed;
  }
  return changed;
}

bool LoadedPlugins::ReloadDirectory(const fs::path& directory, bool refused) {
  const auto paths = PluginFilesIn(directory);
  if (!paths) {
    Log(LogLevel::kWarn, "plugin", "plugin directory cannot be read, what it held goes on serving",
        {{"directory", directory.string()}, {"reason", paths.error().message}});
    return false;
  }
  // What is gone comes first: it may be why another file was refused.
  bool changed = false;
  for (const PluginReport& report : files()) {
    const fs::path file = report.file;
    if (file.parent_path() != directory) continue;
    if (std::find(paths->begin(), paths->end(), file) != paths->end()) continue;
    changed = Drop(report.file) || changed;
  }
  refused = refused || changed;
  // What another lock says holds for files that did not change.
  bool lock_changed = NoteStamp(directory / kLockName);
  lock_changed = NoteStamp(directory / kLockSignatureName) || lock_changed;
  const DirectoryTrust trust(options_.trust, given_[directory.string()]);
  std::set<std::string> warned;
  for (const fs::path& path : *paths) {
    const PluginReport report = ReportOf(path.string());
    const bool again = refused && !report.file.empty() && !report.loaded;
    if (!NoteStamp(path) && !again && !lock_changed) continue;
    changed = ReloadFile(path, trust, warned) || changed;
  }
  duplicates_.clear();  // Which have been logged; the worker goes on.
  return changed;
}

bool LoadedPlugins::NoteStamp(const fs::path& file) {
  struct stat found {};
  const FileStamp stamp = stat(file.c_str(), &found) == 0 ? StampOf(found) : FileStamp();
  return std::exchange(stamps_[file.string()], stamp) != stamp;
}

bool LoadedPlugins::ReloadFile(const fs::path& path, const DirectoryTrust& trust,
                               std::set<std::string>& warned) {
  const std::shared_ptr<LoadedPlugin> old = PluginOf(path.string());
  const PluginReport before = ReportOf(path.string());
  PluginReport report;
  report.file = path.string();
  const fs::path given = given_[path.parent_path().string()] / path.filename();
  Result<Candidate> candidate = Examine(given, trust, report);
  const bool same = old != nullptr && report.sha256 == before.sha256;
  if (candidate && (!report.isolated || (old != nullptr && old->process == nullptr))) {
    if (!same) LogNotNow(path.string());
    return false;
  }
  Result<std::shared_ptr<LoadedPlugin>> fresh =
      candidate ? Start(std::move(*candidate), report)
                : Result<std::shared_ptr<LoadedPlugin>>(Fail(candidate.error()));
  report.loaded = fresh.has_value();
  if (!fresh) report.reason = fresh.error().message;
  LogVerdict(report, warned);
  if (fresh) {
    Replace(old, *fresh, std::move(report));
    return true;
  }
  // What is not trusted any more ends; a new version that is no good changes nothing.
  if (old == nullptr || (same && !candidate && Drop(path.string()))) {
    SetReport(std::move(report));
    return true;
  }
  Log(LogLevel::kWarn, "plugin", "the version before goes on serving",
      {{"file", report.file}, {"sha256", before.sha256}});
  return false;
}

void LoadedPlugins::Replace(const std::shared_ptr<LoadedPlugin>& old,
                            const std::shared_ptr<LoadedPlugin>& fresh, PluginReport report) {
  if (old != nullptr && SameProviders(*old->table, *fresh->table)) {
    old->table = old->process->TakeOver(*fresh->process);
    Offer(old, old);
  } else {
    // Instances of the old one keep it until they are closed.
    Offer(fresh, old);
  }
  SetReport(std::move(report));
}

bool LoadedPlugins::Drop(const std::string& file) {
  const std::shared_ptr<LoadedPlugin> plugin = PluginOf(file);
  if (plugin != nullptr && plugin->process == nullptr) {
    LogNotNow(file);
    return false;
  }
  if (plugin != nullptr) Log(LogLevel::kInfo, "plugin", "plugin is gone", {{"file", file}});
  stamps_.erase(file);
  const std::lock_guard lock(mutex_);
  std::erase_if(providers_, [&](const auto& provider) { return provider->plugin == plugin; });
  std::erase(plugins_, plugin);
  std::erase_if(files_, [&](const PluginReport& report) { return report.file == file; });
  return true;
}

void LoadedPlugins::SetReport(PluginReport report) {
  const std::lock_guard lock(mutex_);
  for (PluginReport& file : files_) {
    if (file.file != report.file) continue;
    file = std::move(report);
    return;
  }
  files_.push_back(std::move(report));
}

std::shared_ptr<LoadedPlugin> LoadedPlugins::PluginOf(const std::string& file) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(plugins_.begin(), plugins_.end(),
                                  [&](const auto& plugin) { return plugin->file == file; });
  return found == plugins_.end() ? nullptr : *found;
}

PluginReport LoadedPlugins::ReportOf(const std::string& file) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(files_.begin(), files_.end(),
                                  [&](const PluginReport& report) { return report.file == file; });
  return found == files_.end() ? PluginReport() : *found;
}

std::vector<PluginProcess> LoadedPlugins::Processes() const {
  std::vector<std::pair<std::shared_ptr<LoadedPlugin>, PluginReport>> isolated;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& plugin : plugins_) {
      if (plugin->process == nullptr) continue;
      const auto report = std::find_if(files_.begin(), files_.end(),
                                       [&](const auto& file) { return file.file == plugin->file; });
      if (report != files_.end()) isolated.emplace_back(plugin, *report);
    }
  }
  std::vector<PluginProcess> processes;
  for (const auto& [plugin, report] : isolated) {
    processes.push_back({.file = report.file,
                         .id = report.id,
                         .sha256 = report.sha256,
                         .status = plugin->process->Look()});
  }
  return processes;
}

std::size_t LoadedPlugins::Release(std::string_view sha256) const {
  std::size_t released = 0;
  for (const PluginProcess& process : Processes()) {
    if (!process.sha256.starts_with(sha256)) continue;
    const std::shared_ptr<LoadedPlugin> plugin = PluginOf(process.file);
    if (plugin == nullptr || !plugin->process->Release()) continue;
    ++released;
    Log(LogLevel::kInfo, "plugin", "a plugin's quarantine is over",
        {{"file", process.file}, {"sha256", process.sha256}});
  }
  return released;
}

}  // namespace dsw
