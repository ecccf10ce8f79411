// SPDX-License-Identifier: Apache-2.0
//
// The providers of the loaded plugins, opened by configuration.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "host/plugin/instance_config.h"
#include "host/plugin/loader.h"
#include "host/ports/http_client.h"
#include "host/ports/plugin_catalog.h"

namespace dsw {

struct CatalogOptions {
  /// Per provider id, a JSON object with the settings that the worker gives to every instance.
  std::map<std::string, std::string> defaults;
  /// Other names of embedders, as {"internal", "fastembed"}.
  std::map<std::string, std::string> aliases;
  std::string sink;  ///< The id of the configured sink.
  /// Keys that the worker has of its own, by provider id; references, as in EmbedderConfig. One of
  /// an embedder is sent to the provider's default address and nowhere else, the sink's to the
  /// configured host.
  std::map<std::string, Secret, std::less<>> keys{};
  /// From a reference to the key itself.
  std::function<Result<Secret>(const Secret& reference)> resolve_key{};
  HttpClient* http = nullptr;  ///< What plugins make requests with; outlives the catalog.
};

/// Thread-safe. Keeps up to kIdleInstances instances of each kind that nobody uses for the next job
/// of the same configuration.
class LoadedCatalog final : public PluginCatalog {
 public:
  static constexpr std::size_t kIdleInstances = 16;

  /// `plugins` outlives the catalog.
  LoadedCatalog(const LoadedPlugins& plugins, CatalogOptions options)
      : plugins_(plugins), options_(std::move(options)) {}

  Result<std::shared_ptr<Embedder>> OpenEmbedder(const EmbedderConfig& config) override;
  /// An override of a sink without a server is ignored: jobs carry the address of the platform's
  /// vector database whatever sink the worker uses.
  Result<std::shared_ptr<VectorSink>> OpenSink(const SinkOverride& overrides) override;
  /// Lets go of instances that nobody uses: they keep plugins that are not offered any more.
  void CloseIdle();

 private:
  /// Instances of one kind by provider and configuration, the least recently opened first.
  template <typename Port>
  struct Cache {
    struct Entry {
      std::string key;  ///< Holds the secret: not for logs.
      std::shared_ptr<Port> instance;
    };
    std::vector<Entry> entries;
  };

  Error NotLoaded(ProviderKind kind, std::string_view id) const;
  Result<std::shared_ptr<const LoadedProvider>> FindProvider(ProviderKind kind,
                                                             const std::string& id) const;
  /// The key that `reference` stands for, and the worker's own where there is none and `own` allows
  /// it; none for a provider that calls no service.
  Result<Secret> FindKey(const LoadedProvider& provider, const Secret& reference, bool own) const;
  /// Opens with `config`, in which the key is only named; `own` is what of it the worker's settings
  /// say.
  template <typename Adapter, typename Port>
  Result<std::shared_ptr<Port>> Open(Cache<Port>& cache, const LoadedProvider& provider,
                                     InstanceConfig config, const InstanceConfig& own,
                                     const Secret& key);

  const LoadedPlugins& plugins_;
  const CatalogOptions options_;
  std::mutex mutex_;
  Cache<Embedder> embedders_;  // Guarded by mutex_.
  Cache<VectorSink> sinks_;    // Guarded by mutex_.
};

}  // namespace dsw
