// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/loader.h"

#include <algorithm>
#include <set>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "host/base/log.h"
#include "host/plugin/call_guard.h"
#include "host/plugin/host_services.h"
#include "host/plugin/library.h"
#include "host/plugin/negotiation.h"
#include "host/plugin/plugin_file.h"
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

/// A warning that holds for many files, as one of their directory, is a warning once.
void LogVerdict(const PluginReport& report, std::set<std::string>& warned) {
  std::vector<LogField> fields = {{"file", report.file},       {"sha256", report.sha256},
                                  {"id", report.id},           {"version", report.version},
                                  {"trust", report.trust},     {"signer", report.signer},
                                  {"warning", report.warning}, {"reason", report.reason}};
  std::erase_if(fields, [](const LogField& field) { return field.value.empty(); });
  const bool quiet =
      report.loaded && (report.warning.empty() || !warned.insert(report.warning).second);
  Log(quiet ? LogLevel::kInfo : LogLevel::kWarn, "plugin",
      report.loaded ? "plugin loaded" : "plugin refused", fields);
}

Status CheckTrust(const fs::path& path, const PluginFile& file, const DirectoryTrust& trust,
                  PluginReport& report) {
  const TrustVerdict verdict = trust.Judge(path.filename().string(), file);
  if (verdict.refused) return Fail(Code::kInvalid, verdict.reason);
  report.warning = verdict.reason;
  if (verdict.entry == nullptr) return {};
  report.trust = trust.level();
  report.signer = trust.signer();
  report.mode = ModeName(verdict.entry->mode);
  report.grants = verdict.entry->grants;
  if (verdict.entry->mode != PluginMode::kIsolated) return {};
  return Fail(Code::kInvalid,
              fmt::format("is to run isolated, says {}, and this worker runs plugins in its own "
                          "process; to allow that, list it there as inproc or any",
                          (path.parent_path() / kLockName).string()));
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

std::string HostAbiVersion() {
  return fmt::format("{}.{}", DSW_ABI_MAJOR, DSW_ABI_MINOR);
}

LoadedPlugins::LoadedPlugins(std::span<const fs::path> directories, const TrustPolicy& policy) {
  std::set<fs::path> seen;
  for (const fs::path& directory : directories) {
    std::error_code error;
    const fs::path canonical = fs::canonical(directory, error);
    if (error) {
      directories_.push_back({fs::absolute(directory).string(), error.message()});
      Log(LogLevel::kWarn, "plugin", "plugin directory cannot be read",
          {{"directory", directories_.back().path}, {"reason", error.message()}});
    } else if (seen.insert(canonical).second) {
      LoadDirectory(fs::absolute(directory), canonical, policy);
    }
  }
}

LoadedPlugins::~LoadedPlugins() {
  Shutdown();
}

void LoadedPlugins::LoadDirectory(const fs::path& given, const fs::path& directory,
                                  const TrustPolicy& policy) {
  directories_.push_back({directory.string(), ""});
  const auto paths = PluginFilesIn(directory);
  if (!paths) {
    directories_.back().problem = paths.error().message;
    Log(LogLevel::kWarn, "plugin", "plugin directory cannot be read",
        {{"directory", directory.string()}, {"reason", paths.error().message}});
    return;
  }
  // By the path that was given, so that its links are looked at, too.
  const DirectoryTrust trust(policy, given);
  std::set<std::string> warned;
  for (const fs::path& path : *paths) {
    PluginReport report;
    report.file = path.string();
    report.trust = "unlocked";
    const Status status = LoadFile(given / path.filename(), trust, report);
    report.loaded = status.has_value();
    if (!status) report.reason = status.error().message;
    LogVerdict(report, warned);
    files_.push_back(std::move(report));
  }
}

Status LoadedPlugins::LoadFile(const fs::path& path, const DirectoryTrust& trust,
                               PluginReport& report) {
  ASSIGN_OR_RETURN(PluginFile file, ReadPluginFile(path.parent_path(), path.filename().string()));
  report.sha256 = file.sha256;
  const Result<Manifest> manifest = ReadManifest(file.image);
  if (manifest) CopyManifest(*manifest, report);
  RETURN_IF_ERROR(CheckTrust(path, file, trust, report));
  if (!manifest) return Fail(manifest.error());
  RETURN_IF_ERROR(CheckAbi(*manifest));
  RETURN_IF_ERROR(CheckNotLoaded(report));

  const auto plugin = std::make_shared<LoadedPlugin>();
  plugin->file = report.file;
  const std::string name = file.file.path.filename().string();
  ASSIGN_OR_RETURN(const LoadSource source, HoldForLoading(std::move(file), trust.enforced()));
  RETURN_IF_ERROR(Initialise(*plugin, *manifest, name, source.load_path));
  plugins_.push_back(plugin);
  for (std::size_t i = 0; i < plugin->table->provider_count; ++i) {
    const dsw_provider* provider = plugin->table->providers[i];
    const bool sink = provider->kind == DSW_KIND_SINK;
    providers_.push_back({.plugin = plugin,
                          .table = provider,
                          .id = std::string(ViewOf(provider->id)),
                          .kind = sink ? ProviderKind::kSink : ProviderKind::kEmbedder});
  }
  return {};
}

Status LoadedPlugins::CheckNotLoaded(const PluginReport& report) {
  for (const ProviderReport& provider : report.providers) {
    const LoadedProvider* other = Find(provider.kind, provider.id);
    if (other == nullptr) continue;
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

const LoadedProvider* LoadedPlugins::Find(ProviderKind kind, std::string_view id) const {
  const auto found = std::find_if(providers_.begin(), providers_.end(), [&](const auto& provider) {
    return provider.kind == kind && provider.id == id;
  });
  return found == providers_.end() ? nullptr : &*found;
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
