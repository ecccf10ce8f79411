// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "host/base/utf8.h"
#include "host/plugin/elf_file.h"
#include "host/plugin/negotiation.h"
#include "host/plugin/plugin_file.h"
#include "host/tool/commands.h"
#include "host/tool/scan.h"

namespace dsw {
namespace {

using Json = nlohmann::ordered_json;

Json ProvidersJson(const Manifest& manifest) {
  Json providers = Json::array();
  for (const ProviderReport& provider : manifest.providers) {
    Json models = Json::array();
    for (const ModelReport& model : provider.models) models.push_back(model.id);
    providers.push_back(
        {{"kind", KindName(provider.kind)}, {"id", provider.id}, {"models", std::move(models)}});
  }
  return providers;
}

Json FileJson(const std::string& path, const std::string& sha256, const ElfFile& elf,
              const Result<Manifest>& manifest) {
  Json document = {{"file", path},
                   {"sha256", sha256},
                   {"architecture", elf.architecture},
                   {"entry_symbols", elf.entry_symbols},
                   {"needed", elf.needed},
                   {"run_path", elf.run_path.empty() ? Json(nullptr) : Json(elf.run_path)},
                   {"glibc", elf.glibc.empty() ? Json(nullptr) : Json(elf.glibc)}};
  const Status usable = manifest ? CheckAbi(*manifest) : Status(Fail(manifest.error()));
  document["problem"] = usable ? Json(nullptr) : Json(usable.error().message);
  if (!manifest) return document;
  document["id"] = manifest->id;
  document["version"] = manifest->version;
  document["abi"] = fmt::format("{}.{}", manifest->abi_major, manifest->abi_minor);
  document["host_min"] = manifest->host_min;
  document["vendor"] = manifest->vendor;
  document["license"] = manifest->license;
  document["providers"] = ProvidersJson(*manifest);
  return document;
}

std::string TextOf(const Json& value) {
  if (value.is_null()) return "-";
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return value.dump();
  std::vector<std::string> parts;
  for (const Json& part : value) {
    parts.push_back(part.is_object() ? fmt::format("{} {}", part["kind"].get<std::string>(),
                                                   part["id"].get<std::string>())
                                     : TextOf(part));
  }
  return parts.empty() ? "-" : fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace

Status InspectPlugin(const std::filesystem::path& file, bool json) {
  Result<PluginFile> plugin = ReadPluginFile(file.parent_path(), file.filename());
  if (!plugin) return Fail(std::move(plugin).error().Context(file.string()));
  Result<ElfFile> elf = ParseElf(plugin->image);
  if (!elf) return Fail(std::move(elf).error().Context(file.string()));
  const Json document = FileJson(file.string(), plugin->sha256, *elf, ReadManifest(plugin->image));
  if (json) {
    fmt::print("{}\n", document.dump(2, ' ', false, Json::error_handler_t::replace));
    return {};
  }
  for (const auto& [name, value] : document.items()) {
    fmt::print("{:<14} {}\n", name, Visible(TextOf(value)));
  }
  return {};
}

}  // namespace dsw
