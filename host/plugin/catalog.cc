// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/catalog.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "host/base/log.h"
#include "host/plugin/embedder_plugin.h"
#include "host/plugin/instance_config.h"
#include "host/plugin/sink_plugin.h"

namespace dsw {
namespace {

/// The sink that writes to a file of the worker's own.
constexpr std::string_view kEmbeddedSink = "sqlite";

/// Whether a refused file could be the one with this provider: it says so, or is named so.
bool MightHave(const PluginReport& file, ProviderKind kind, std::string_view id) {
  for (const ProviderReport& provider : file.providers) {
    if (provider.kind == kind && provider.id == id) return true;
  }
  return std::filesystem::path(file.file).stem().string().find(id) != std::string::npos;
}

template <typename Entry>
Entry* FindEntry(std::vector<Entry>& entries, const std::string& key) {
  const auto found = std::find_if(entries.begin(), entries.end(),
                                  [&](const Entry& entry) { return entry.key == key; });
  if (found == entries.end()) return nullptr;
  std::rotate(found, found + 1, entries.end());
  return &entries.back();
}

/// Takes out the idle entries beyond the newest `keep`, which the caller lets go without a lock.
template <typename Entry>
std::vector<Entry> TakeIdle(std::vector<Entry>& entries, std::size_t keep) {
  const auto idle = [](const Entry& entry) { return entry.instance.use_count() == 1; };
  auto excess = static_cast<std::size_t>(std::count_if(entries.begin(), entries.end(), idle));
  excess -= std::min(excess, keep);
  std::vector<Entry> taken;
  for (auto entry = entries.begin(); taken.size() < excess;) {
    if (idle(*entry)) {
      taken.push_back(std::move(*entry));
      entry = entries.erase(entry);
    } else {
      ++entry;
    }
  }
  return taken;
}

}  // namespace

Result<std::shared_ptr<Embedder>> LoadedCatalog::OpenEmbedder(const EmbedderConfig& config) {
  const auto alias = options_.aliases.find(config.provider);
  const bool renamed = alias != options_.aliases.end();
  const std::string& id = renamed ? alias->second : config.provider;
  ASSIGN_OR_RETURN(const LoadedProvider* provider, FindProvider(ProviderKind::kEmbedder, id));

  InstanceConfig settings;
  const auto defaults = options_.defaults.find(id);
  if (defaults != options_.defaults.end()) {
    RETURN_IF_ERROR(settings.Overlay("the worker's configuration of " + id, defaults->second));
  }
  RETURN_IF_ERROR(settings.Overlay(
      fmt::format("the configuration of embedder {} (\"{}\")", config.embedder_id, config.provider),
      config.config_json));
  if (!config.model.empty()) settings.Set("model", config.model);
  // The address belongs to the provider that the alias stands in for.
  if (!config.base_url.empty() && !renamed) settings.Set("base_url", config.base_url);
  return Open<EmbedderPlugin>(embedders_, *provider, settings.text());
}

Result<std::shared_ptr<VectorSink>> LoadedCatalog::OpenSink(const SinkOverride& overrides) {
  ASSIGN_OR_RETURN(const LoadedProvider* provider,
                   FindProvider(ProviderKind::kSink, options_.sink));
  InstanceConfig settings;
  const auto defaults = options_.defaults.find(options_.sink);
  if (defaults != options_.defaults.end()) {
    RETURN_IF_ERROR(
        settings.Overlay("the worker's configuration of " + options_.sink, defaults->second));
  }
  if (overrides.url && options_.sink == kEmbeddedSink) {
    Log(LogLevel::kDebug, "plugin", "the job's address of a vector database is ignored",
        {{"sink", options_.sink}});
  } else if (overrides.url) {
    settings.Set("url", *overrides.url);
  }
  return Open<SinkPlugin>(sinks_, *provider, settings.text());
}

Error LoadedCatalog::NotLoaded(ProviderKind kind, std::string_view id) const {
  std::vector<std::string_view> others;
  for (const LoadedProvider& provider : plugins_.providers()) {
    if (provider.kind == kind) others.push_back(provider.id);
  }
  std::string message =
      fmt::format("no loaded plugin has the {} \"{}\"; there is: {}", KindName(kind), id,
                  others.empty() ? "none" : fmt::format("{}", fmt::join(others, ", ")));
  for (const PluginReport& file : plugins_.files()) {
    if (!file.loaded && MightHave(file, kind, id)) {
      message += fmt::format("; {} was refused: {}", file.file, file.reason);
    }
  }
  return {.code = Code::kNotFound, .message = std::move(message)};
}

Result<const LoadedProvider*> LoadedCatalog::FindProvider(ProviderKind kind,
                                                          const std::string& id) const {
  const LoadedProvider* provider = plugins_.Find(kind, id);
  if (provider == nullptr) return Fail(NotLoaded(kind, id));
  return provider;
}

template <typename Adapter, typename Port>
Result<std::shared_ptr<Port>> LoadedCatalog::Open(Cache<Port>& cache,
                                                  const LoadedProvider& provider,
                                                  const std::string& config_json) {
  const std::string key = provider.id + '\n' + config_json;
  {
    const std::lock_guard lock(mutex_);
    if (const auto* entry = FindEntry(cache.entries, key)) return entry->instance;
  }
  // Without the lock, since it runs the plugin's code. Another thread may be as quick; whose
  // instance is entered first is the one that both use.
  ASSIGN_OR_RETURN(auto made, PluginInstance::Create(provider, config_json));
  std::shared_ptr<Port> instance = std::make_shared<Adapter>(std::move(made));
  std::vector<typename Cache<Port>::Entry> evicted;
  const std::lock_guard lock(mutex_);
  if (const auto* entry = FindEntry(cache.entries, key)) return entry->instance;
  evicted = TakeIdle(cache.entries, kIdleInstances - 1);
  cache.entries.push_back({key, instance});
  return instance;
}

}  // namespace dsw
