// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/isolated_load.h"

#include <algorithm>
#include <set>
#include <system_error>

#include <fmt/format.h>

#include "host/isolation/isolated_plugin.h"
#include "host/plugin/call_guard.h"
#include "host/plugin/host_services.h"
#include "host/plugin/negotiation.h"
#include "host/plugin/running_calls.h"

namespace dsw {
namespace {

namespace fs = std::filesystem;
using Grants = std::set<std::string>;

Result<Grants> GrantsOf(const Manifest& manifest, std::span<const std::string> lock_grants,
                        const LoadOptions& options) {
  const auto found = options.grants.find(manifest.id);
  Grants granted = found == options.grants.end() ? Grants() : found->second;
  granted.insert(lock_grants.begin(), lock_grants.end());
  for (const std::string& need : manifest.needs) {
    if (granted.count(need) != 0) continue;
    return Fail(Code::kInvalid,
                fmt::format("needs \"{}\" and runs in a process of its own, which has that only "
                            "when it is granted: PLUGIN_GRANTS={}:{}, or in its plugins.lock",
                            need, manifest.id, need));
  }
  return granted;
}

Status Start(LoadedPlugin& plugin, const Manifest& manifest, const PluginImage& image,
             const LoadOptions& options, const Grants& grants) {
  const std::string name = image.path.filename().string();
  const RunningCalls::Entry loading(name, "load");
  plugin.host = HostServicesFor(name);
  ASSIGN_OR_RETURN(plugin.process, IsolatedPlugin::Open({.program = options.runner,
                                                         .path = image.path,
                                                         .image = image.bytes,
                                                         .sha256 = image.sha256,
                                                         .host = plugin.host,
                                                         .limit = options.limit,
                                                         .instance_limit = options.instance_limit,
                                                         .memory = options.memory,
                                                         .files = grants.count("files") != 0,
                                                         .net = grants.count("net") != 0}));
  plugin.state = plugin.process.get();
  RETURN_IF_ERROR(RunPluginCode(
      name, [&](dsw_error* error) { return plugin.process->Enter(&plugin.table, error); }));
  RETURN_IF_ERROR(CheckTable(plugin.table));
  RETURN_IF_ERROR(CheckAgreement(manifest, *plugin.table));
  return RunPluginCode(name, [&](dsw_error* error) { return plugin.process->Initialise(error); });
}

}  // namespace

bool RunsIsolated(const fs::path& file, PluginMode mode, const LoadOptions& options) {
  if (mode != PluginMode::kAny) return mode == PluginMode::kIsolated;
  if (options.isolation != Isolation::kAuto) return options.isolation == Isolation::kAll;
  return std::none_of(options.own_directories.begin(), options.own_directories.end(),
                      [&](const fs::path& own) {
                        std::error_code ignored;
                        return fs::equivalent(own, file.parent_path(), ignored);
                      });
}

Status LoadIsolated(LoadedPlugin& plugin, const Manifest& manifest, const PluginImage& image,
                    std::span<const std::string> lock_grants, const LoadOptions& options) {
  if (options.runner.empty()) {
    return Fail(Code::kInvalid,
                "is to run in a process of its own, but dsw-plugin-runner is not installed beside "
                "this program; PLUGIN_ISOLATION=none runs it in the worker's own");
  }
  ASSIGN_OR_RETURN(const Grants grants, GrantsOf(manifest, lock_grants, options));
  return Start(plugin, manifest, image, options, grants);
}

Status TryOut(const Manifest& manifest, const PluginImage& image, const LoadOptions& options) {
  if (options.runner.empty()) return {};
  LoadedPlugin passing;
  return Start(passing, manifest, image, options,
               Grants(manifest.needs.begin(), manifest.needs.end()));
}

}  // namespace dsw
