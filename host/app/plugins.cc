// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "host/app/commands.h"
#include "host/app/plugin_host.h"
#include "host/base/utf8.h"
#include "host/plugin/loader.h"

namespace dsw {
namespace {

using Json = nlohmann::ordered_json;

Json TextOrNull(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

Json ReportJson(const PluginReport& file) {
  Json providers = Json::array();
  for (const ProviderReport& provider : file.providers) {
    Json models = Json::array();
    for (const ModelReport& model : provider.models) {
      models.push_back({{"id", model.id},
                        {"dimensions", model.dimensions},
                        {"max_input_tokens", model.max_input_tokens}});
    }
    providers.push_back(
        {{"id", provider.id}, {"kind", KindName(provider.kind)}, {"models", std::move(models)}});
  }
  return {{"file", file.file},
          {"sha256", TextOrNull(file.sha256)},
          {"verdict", file.loaded ? "loaded" : "refused"},
          {"reason", TextOrNull(file.reason)},
          {"trust", TextOrNull(file.trust)},
          {"signer", TextOrNull(file.signer)},
          {"warning", TextOrNull(file.warning)},
          {"mode", file.loaded ? Json(ModeName(file)) : Json(nullptr)},
          {"grants", file.grants},
          {"id", TextOrNull(file.id)},
          {"version", TextOrNull(file.version)},
          {"abi", TextOrNull(file.abi)},
          {"vendor", TextOrNull(file.vendor)},
          {"license", TextOrNull(file.license)},
          {"providers", std::move(providers)}};
}

void PrintJson(const LoadedPlugins& plugins) {
  Json directories = Json::array();
  for (const DirectoryReport& directory : plugins.directories()) {
    directories.push_back(directory.path);
  }
  Json files = Json::array();
  for (const PluginReport& file : plugins.files()) files.push_back(ReportJson(file));
  const Json document = {{"abi", HostAbiVersion()},
                         {"directories", std::move(directories)},
                         {"plugins", std::move(files)}};
  fmt::print("{}\n", document.dump(2, ' ', false, Json::error_handler_t::replace));
}

/// Each once, as many files may share one of their directory.
void PrintWarnings(const LoadedPlugins& plugins) {
  std::map<std::string, std::size_t> counts;
  for (const PluginReport& file : plugins.files()) ++counts[file.warning];
  counts.erase("");
  for (const auto& [warning, count] : counts) {
    fmt::print("warning  of {} {}: {}\n", count, count == 1 ? "plugin" : "plugins",
               Visible(warning));
  }
}

void PrintText(const LoadedPlugins& plugins) {
  for (const DirectoryReport& directory : plugins.directories()) {
    fmt::print("{}{}{}\n", directory.path, directory.problem.empty() ? "" : ": ",
               directory.problem);
  }
  for (const PluginReport& file : plugins.files()) {
    const std::string name = Visible(file.file.substr(file.file.rfind('/') + 1));
    if (!file.loaded) {
      fmt::print("  refused  {}: {}\n", name, Visible(file.reason));
      continue;
    }
    fmt::print("  loaded   {}  {} {}  {} ({}{}{})\n", name, Visible(file.id), Visible(file.version),
               ModeName(file), file.trust, file.signer.empty() ? "" : " by ", Visible(file.signer));
    for (const ProviderReport& provider : file.providers) {
      fmt::print("             {} {}\n", KindName(provider.kind), Visible(provider.id));
      for (const ModelReport& model : provider.models) {
        fmt::print("               {} ({} dimensions)\n", Visible(model.id), model.dimensions);
      }
    }
  }
  PrintWarnings(plugins);
}

}  // namespace

Status ListPlugins(const Settings& settings, const PluginsOptions& options) {
  ASSIGN_OR_RETURN(const LoadOptions load, PluginLoadOptions(settings));
  const LoadedPlugins plugins(PluginDirectories(settings), load);
  if (options.json) {
    PrintJson(plugins);
  } else {
    PrintText(plugins);
  }
  const std::vector<PluginReport> files = plugins.files();
  const auto refused = std::count_if(files.begin(), files.end(),
                                     [](const PluginReport& file) { return !file.loaded; });
  if (options.strict && refused > 0) {
    return Fail(Code::kInvalid,
                fmt::format("{} of {} plugin files were refused", refused, files.size()));
  }
  return {};
}

}  // namespace dsw
