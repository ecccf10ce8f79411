// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/catalog.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "host/base/log.h"
#include "host/base/origin.h"
#include "host/plugin/embedder_plugin.h"
#include "host/plugin/secret_text.h"
#include "host/plugin/sink_plugin.h"
#include "host/plugin/text.h"

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

constexpr std::string_view kApiKey = "api_key";

std::string DefaultBaseUrl(const dsw_provider& provider) {
  return DSW_HAS(&provider, default_base_url) ? std::string(ViewOf(provider.default_base_url))
                                              : std::string();
}

/// `url` leads to the host of `own`, and not in clear text where that one is encrypted.
bool LeadsToHostOf(std::string_view own, std::string_view url) {
  const Result<std::string> first = OriginOf(own);
  const Result<std::string> second = OriginOf(url);
  if (!first || !second || HostOf(*first) != HostOf(*second)) return false;
  return second->starts_with("https:") || first->starts_with("http:");
}

/// Where an instance's requests may go: what its settings name, and for a sink, whose bulk port
/// stands beside the other one, the neighbouring ports.
std::vector<std::string> OriginsOf(const InstanceConfig& config, ProviderKind kind) {
  std::vector<std::string> origins;
  for (const std::string& url : config.Urls()) {
    const Result<std::string> origin = OriginOf(url);
    if (!origin) continue;  // The plugin says what is wrong with its settings.
    origins.push_back(*origin);
    if (kind != ProviderKind::kSink) continue;
    const std::size_t colon = origin->rfind(':') + 1;
    const int port = std::stoi(origin->substr(colon));
    for (const int beside : {port - 1, port + 1}) {
      origins.push_back(origin->substr(0, colon) + std::to_string(beside));
    }
  }
  return origins;
}

/// Told apart by provider, address and key; the key by a digest that does not give it away.
std::string LaneOf(const std::string& provider, const std::vector<std::string>& origins,
                   const Secret& key) {
  return fmt::format("{} {} {:x}", provider, fmt::join(origins, " "),
                     std::hash<std::string>{}(key.Reveal()));
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
  ASSIGN_OR_RETURN(const auto provider, FindProvider(ProviderKind::kEmbedder, id));

  InstanceConfig settings;
  const auto defaults = options_.defaults.find(id);
  if (defaults != options_.defaults.end()) {
    RETURN_IF_ERROR(settings.Overlay("the worker's configuration of " + id, defaults->second));
  }
  const InstanceConfig own = settings;
  RETURN_IF_ERROR(settings.Overlay(
      fmt::format("the configuration of embedder {} (\"{}\")", config.embedder_id, config.provider),
      config.config_json));
  if (!config.model.empty()) settings.Set("model", config.model);
  // The address and the key belong to the provider that the alias stands in for.
  if (renamed)
    return Open<EmbedderPlugin>(embedders_, *provider, std::move(settings), own, Secret());

  const std::string default_url = DefaultBaseUrl(*provider->table);
  if (!config.base_url.empty()) settings.Set("base_url", config.base_url);
  if (settings.Get("base_url").empty() && !default_url.empty()) {
    settings.Set("base_url", default_url);
  }
  const std::string in_config = settings.Get(kApiKey);
  const Secret reference = config.api_key.empty() ? Secret(in_config) : config.api_key;
  const bool at_default = SameOrigin(settings.Get("base_url"), default_url);
  ASSIGN_OR_RETURN(const Secret key, FindKey(*provider, reference, at_default));
  return Open<EmbedderPlugin>(embedders_, *provider, std::move(settings), own, key);
}

Result<std::shared_ptr<VectorSink>> LoadedCatalog::OpenSink(const SinkOverride& overrides) {
  ASSIGN_OR_RETURN(const auto provider, FindProvider(ProviderKind::kSink, options_.sink));
  InstanceConfig settings;
  const auto defaults = options_.defaults.find(options_.sink);
  if (defaults != options_.defaults.end()) {
    RETURN_IF_ERROR(
        settings.Overlay("the worker's configuration of " + options_.sink, defaults->second));
  }
  const InstanceConfig own = settings;
  bool own_host = true;
  if (overrides.url && options_.sink == kEmbeddedSink) {
    Log(LogLevel::kDebug, "plugin", "the job's address of a vector database is ignored",
        {{"sink", options_.sink}});
  } else if (overrides.url) {
    own_host = LeadsToHostOf(settings.Get("url"), *overrides.url);
    if (!own_host) settings.Remove("grpc_url");
    settings.Set("url", *overrides.url);
  }
  ASSIGN_OR_RETURN(const Secret key,
                   FindKey(*provider, overrides.api_key.value_or(Secret()), own_host));
  return Open<SinkPlugin>(sinks_, *provider, std::move(settings), own, key);
}

void LoadedCatalog::CloseIdle() {
  std::vector<Cache<Embedder>::Entry> embedders;
  std::vector<Cache<VectorSink>::Entry> sinks;
  const std::lock_guard lock(mutex_);
  embedders = TakeIdle(embedders_.entries, 0);
  sinks = TakeIdle(sinks_.entries, 0);
}

Result<Secret> LoadedCatalog::FindKey(const LoadedProvider& provider, const Secret& reference,
                                      bool own) const {
  if (!IsRemote(*provider.table)) return Secret();
  const auto worker_key = options_.keys.find(provider.id);
  const bool use_own = reference.empty() && own && worker_key != options_.keys.end();
  const Secret& source = use_own ? worker_key->second : reference;
  if (source.empty() || !options_.resolve_key) return source;
  Result<Secret> key = options_.resolve_key(source);
  if (!key) return Fail(std::move(key.error()).Context(provider.id));
  return key;
}

Error LoadedCatalog::NotLoaded(ProviderKind kind, std::string_view id) const {
  std::vector<std::string_view> others;
  const auto providers = plugins_.providers();
  for (const auto& provider : providers) {
    if (provider->kind == kind) others.push_back(provider->id);
  }
  std::string message =
      fmt::format("no loaded plugin has the {} \"{}\"; there is: {}", KindName(kind), id,
                  others.empty() ? "none" : fmt::format("{}", fmt::join(others, ", ")));
  for (const PluginReport& file : plugins_.files()) {
    if (!file.loaded && MightHave(file, kind, id)) {
      message += fmt::format("; {} was refused: {}", file.file, file.reason);
    }
  }
  return {.code = Code::kNotFound, .message = std::move(message), .origin = Origin::kWorker};
}

Result<std::shared_ptr<const LoadedProvider>> LoadedCatalog::FindProvider(
    ProviderKind kind, const std::string& id) const {
  const auto provider = plugins_.Find(kind, id);
  if (provider == nullptr) return Fail(NotLoaded(kind, id));
  return provider;
}

template <typename Adapter, typename Port>
Result<std::shared_ptr<Port>> LoadedCatalog::Open(Cache<Port>& cache,
                                                  const LoadedProvider& provider,
                                                  InstanceConfig config, const InstanceConfig& own,
                                                  const Secret& secret) {
  InstanceScope scope{.http = options_.http};
  if (!secret.empty()) {
    config.Set(kApiKey, SecretPlaceholder(kApiKey));
    scope.secrets.emplace(kApiKey, secret);
  }
  scope.origins = OriginsOf(config, provider.kind);
  scope.lane = LaneOf(provider.id, scope.origins, secret);
  // An instance serves as long as what it was made from is offered.
  const std::string key = fmt::format("{} {}\n{}\n{}", provider.id, fmt::ptr(provider.table),
                                      config.text(), secret.Reveal());
  {
    const std::lock_guard lock(mutex_);
    if (const auto* entry = FindEntry(cache.entries, key)) return entry->instance;
  }
  scope.own_origins = OriginsOf(own, provider.kind);
  // Without the lock, since it runs the plugin's code. Another thread may be as quick; whose
  // instance is entered first is the one that both use.
  ASSIGN_OR_RETURN(auto made, PluginInstance::Create(provider, config.text(), std::move(scope)));
  std::shared_ptr<Port> instance = std::make_shared<Adapter>(std::move(made));
  std::vector<typename Cache<Port>::Entry> evicted;
  const std::lock_guard lock(mutex_);
  if (const auto* entry = FindEntry(cache.entries, key)) return entry->instance;
  evicted = TakeIdle(cache.entries, kIdleInstances - 1);
  cache.entries.push_back({key, instance});
  return instance;
}

}  // namespace dsw
