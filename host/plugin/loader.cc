// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/loader.h"

#include <algorithm>
#include <set>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "host/base/floating_point.h"
#include "host/base/log.h"
#include "host/plugin/call_guard.h"
#include "host/plugin/host_services.h"
#include "host/plugin/isolated_load.h"
#include "host/plugin/library.h"
#include "host/plugin/negotiation.h"
#include "host/plugin/plugin_file.h"
#include "host/plugin/reload.h"
#include "host/plugin/running_calls.h"
#include "host/plugin/text.h"

namespace dsw {
namespace {

namespace fs = std::filesystem;

void CopyManifest(const Manifest& manifest, PluginReport& report) {
  report.id = manifest.id;
  report.version = manifest.version;
  report.abi = fmt::format("{}.{}", manifest.abi_major, manifest.abi_minor);
  report.vendor = manifest.vendor;
  report.license = manifest.license;
  report.providers = manifest.providers;
}

/// What the lock says of the plugin goes into `report`.
Result<PluginMode> CheckTrust(const fs::path& path, const PluginFile& file,
                              const DirectoryTrust& trust, PluginReport& report) {
  const TrustVerdict verdict = trust.Judge(path.filename().string(), file);
  if (verdict.refused) return Fail(Code::kInvalid, verdict.reason);
  report.warning = verdict.reason;
  if (verdict.entry == nullptr) return PluginMode::kAny;
  report.trust = trust.level();
  report.signer = trust.signer();
  report.grants = verdict.entry->grants;
  return verdict.entry->mode;
}

/// Runs the plugin's code for the first time: entry function, checks of its table, init.
Status Initialise(LoadedPlugin& plugin, const Manifest& manifest, const std::string& name,
                  const std::string& load_path) {
  const FloatingPointKeeper keeper;
  const RunningCalls::Entry loading(name, "load");
  plugin.host = HostServicesFor(name);
  ASSIGN_OR_RETURN(const dsw_plugin_entry_fn entry, LoadEntry(load_path));
  RETURN_IF_ERROR(RunPluginCode(
      name, [&](dsw_error* error) { return entry(plugin.host, &plugin.table, error); }));
  RETURN_IF_ERROR(CheckTable(plugin.table));
  RETURN_IF_ERROR(CheckAgreement(manifest, *plugin.table));
  if (plugin.table->init == nullptr) return {};
  return RunPluginCode(name, [&](dsw_error* error) {
    return plugin.table->init(plugin.host, &plugin.state, error);
  });
}

}  // namespace

Result<std::vector<fs::path>> PluginFilesIn(const fs::path& directory) {
  std::error_code error;
  std::vector<fs::path> paths;
  fs::directory_iterator entry(directory, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.front() != '.' && entry->path().extension() == ".so") paths.push_back(entry->path());
  }
  if (error) return Fail(Code::kInvalid, "cannot be read: " + error.message());
  std::sort(paths.begin(), paths.end(),
            [](const fs::path& a, const fs::path& b) { return a.native() < b.native(); });
  return paths;
}

void LogVerdict(const PluginReport& report, std::set<std::string>& warned) {
  std::vector<LogField> fields = {{"file", report.file},       {"sha256", report.sha256},
                                  {"id", report.id},           {"version", report.version},
                                  {"trust", report.trust},     {"signer", report.signer},
                                  {"warning", report.warning}, {"reason", report.reason}};
  std::erase_if(fields, [](const LogField& field) { return field.value.empty(); });
  if (report.loaded) {
    fields.push_back({"mode", std::string(ModeName(report))});
  } else {
    fields.push_back({"to_do", "mend or replace the file, or remove it"});
  }
  const bool quiet =
      report.loaded && (report.warning.empty() || !warned.insert(report.warning).second);
  Log(quiet ? LogLevel::kInfo : LogLevel::kWarn, "plugin",
      report.loaded ? "plugin loaded" : "plugin refused", fields);
}

std::string HostAbiVersion() {
  return fmt::format("{}.{}", DSW_ABI_MAJOR, DSW_ABI_MINOR);
}

LoadedPlugins::LoadedPlugins(std::span<const fs::path> directories, LoadOptions options)
    : options_(std::move(options)) {
  std::set<fs::path> seen;
  for (const fs::path& directory : directories) {
    std::error_code error;
    const fs::path canonical = fs::canonical(directory, error);
    if (error) {
      directories_.push_back({fs::absolute(directory).string(), error.message()});
      Log(LogLevel::kWarn, "plugin", "plugin directory cannot be read",
          {{"directory", directories_.back().path}, {"reason", error.message()}});
    } else if (seen.insert(canonical).second) {
      LoadDirectory(fs::absolute(directory), canonical);
    }
  }
}

LoadedPlugins::~LoadedPlugins() {
  Shutdown();
}

void LoadedPlugins::LoadDirectory(const fs::path& given, const fs::path& directory) {
  directories_.push_back({directory.string(), ""});
  given_[directory.string()] = given;
  NoteStamp(directory / kLockName);
  NoteStamp(directory / kLockSignatureName);
  const auto paths = PluginFilesIn(directory);
  if (!paths) {
    directories_.back().problem = paths.error().message;
    Log(LogLevel::kWarn, "plugin", "plugin directory cannot be read",
        {{"directory", directory.string()}, {"reason", paths.error().message}});
    return;
  }
  // By the path that was given, so that its links are looked at, too.
  const DirectoryTrust trust(options_.trust, given);
  std::set<std::string> warned;
  for (const fs::path& path : *paths) {
    PluginReport report;
    report.file = path.string();
    NoteStamp(path);
    const auto plugin = LoadFile(given / path.filename(), trust, report);
    report.loaded = plugin.has_value();
    if (!plugin) report.reason = plugin.error().message;
    LogVerdict(report, warned);
    if (plugin) Offer(*plugin);
    SetReport(std::move(report));
  }
}

Result<std::shared_ptr<LoadedPlugin>> LoadedPlugins::LoadFile(const fs::path& path,
                                                              const DirectoryTrust& trust,
                                                              PluginReport& report) {
  ASSIGN_OR_RETURN(Candidate candidate, Examine(path, trust, report));
  return Start(std::move(candidate), report);
}

Result<LoadedPlugins::Candidate> LoadedPlugins::Examine(const fs::path& path,
                                                        const DirectoryTrust& trust,
                                                        PluginReport& report) {
  report.trust = "unlocked";
  ASSIGN_OR_RETURN(PluginFile file, ReadPluginFile(path.parent_path(), path.filename().string()));
  report.sha256 = file.sha256;
  const Result<Manifest> manifest = ReadManifest(file.image);
  if (manifest) CopyManifest(*manifest, report);
  ASSIGN_OR_RETURN(const PluginMode mode, CheckTrust(path, file, trust, report));
  report.isolated = RunsIsolated(file.file.path, mode, options_);
  if (!manifest) return Fail(manifest.error());
  RETURN_IF_ERROR(CheckAbi(*manifest));
  RETURN_IF_ERROR(CheckNotLoaded(report));
  return Candidate{.file = std::move(file), .manifest = *manifest, .exact = trust.enforced()};
}

Result<std::shared_ptr<LoadedPlugin>> LoadedPlugins::Start(Candidate candidate,
                                                           const PluginReport& report) {
  const auto plugin = std::make_shared<LoadedPlugin>();
  plugin->file = report.file;
  const std::string name = candidate.file.file.path.filename().string();
  const PluginImage image{candidate.file.file.path, candidate.file.image, candidate.file.sha256};
  if (report.isolated) {
    RETURN_IF_ERROR(LoadIsolated(*plugin, candidate.manifest, image, report.grants, options_));
  } else {
    RETURN_IF_ERROR(TryOut(candidate.manifest, image, options_));
    ASSIGN_OR_RETURN(const LoadSource source,
                     HoldForLoading(std::move(candidate.file), candidate.exact));
    RETURN_IF_ERROR(Initialise(*plugin, candidate.manifest, name, source.load_path));
  }
  return plugin;
}

void LoadedPlugins::Offer(const std::shared_ptr<LoadedPlugin>& plugin,
                          const std::shared_ptr<LoadedPlugin>& instead_of) {
  const std::lock_guard lock(mutex_);
  std::erase_if(providers_, [&](const auto& provider) { return provider->plugin == instead_of; });
  if (instead_of != plugin) std::erase(plugins_, instead_of);
  if (std::find(plugins_.begin(), plugins_.end(), plugin) == plugins_.end()) {
    plugins_.push_back(plugin);
  }
  for (std::size_t i = 0; i < plugin->table->provider_count; ++i) {
    const dsw_provider* provider = plugin->table->providers[i];
    const bool sink = provider->kind == DSW_KIND_SINK;
    providers_.push_back(std::make_shared<const LoadedProvider>(
        LoadedProvider{.plugin = plugin,
                       .table = provider,
                       .id = std::string(ViewOf(provider->id)),
                       .kind = sink ? ProviderKind::kSink : ProviderKind::kEmbedder}));
  }
}

Status LoadedPlugins::CheckNotLoaded(const PluginReport& report) {
  for (const ProviderReport& provider : report.providers) {
    const auto other = Find(provider.kind, provider.id);
    if (other == nullptr || other->plugin->file == report.file) continue;
    duplicates_.push_back(fmt::format("{} and {} both have the {} \"{}\"", other->plugin->file,
                                      report.file, KindName(provider.kind), provider.id));
    return Fail(Code::kInvalid,
                fmt::format("has the {} \"{}\", as {} does; remove one of them",
                            KindName(provider.kind), provider.id, other->plugin->file));
  }
  return {};
}

Status LoadedPlugins::CheckUnique() const {
  if (duplicates_.empty()) return {};
  return Fail(Code::kInvalid,
              fmt::format("{}; remove one of each pair", fmt::join(duplicates_, "; ")));
}

std::shared_ptr<const LoadedProvider> LoadedPlugins::Find(ProviderKind kind,
                                                          std::string_view id) const {
  const std::lock_guard lock(mutex_);
  const auto found = std::find_if(providers_.begin(), providers_.end(), [&](const auto& provider) {
    return provider->kind == kind && provider->id == id;
  });
  return found == providers_.end() ? nullptr : *found;
}

std::vector<PluginReport> LoadedPlugins::files() const {
  const std::lock_guard lock(mutex_);
  return files_;
}

std::vector<std::shared_ptr<const LoadedProvider>> LoadedPlugins::providers() const {
  const std::lock_guard lock(mutex_);
  return providers_;
}

void LoadedPlugins::Shutdown() {
  providers_.clear();
  for (; !plugins_.empty(); plugins_.pop_back()) {
    const LoadedPlugin& plugin = *plugins_.back();
    if (plugin.instances.load() != 0) {
      Log(LogLevel::kWarn, "plugin", "plugin is still in use and is not shut down",
          {{"file", plugin.file}});
      continue;
    }
    if (plugin.table->shutdown == nullptr) continue;
    const RunningCalls::Entry entry(plugin.file, "shutdown");
    const Status status = RunPluginCode(plugin.file, [&](dsw_error*) {
      plugin.table->shutdown(plugin.state);
      return DSW_OK;
    });
    if (!status) Log(LogLevel::kWarn, "plugin", status.error().message);
  }
}

}  // namespace dsw
