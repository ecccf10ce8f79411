// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/negotiation.h"

#include <cstddef>

#include <fmt/format.h>

#include "host/base/utf8.h"
#include "host/plugin/text.h"

namespace dsw {
namespace {

// What the first release of the ABI had; a smaller table was not made by its rules.
constexpr std::size_t kFirstPlugin = offsetof(dsw_plugin, shutdown) + sizeof(void*);
constexpr std::size_t kFirstProvider = offsetof(dsw_provider, get_extension) + sizeof(void*);
constexpr std::size_t kFirstModel = offsetof(dsw_model, max_request_tokens) + sizeof(std::uint32_t);
constexpr std::size_t kFirstEmbedder = offsetof(dsw_embedder_ops, health) + sizeof(void*);
constexpr std::size_t kFirstSink = offsetof(dsw_sink_ops, health) + sizeof(void*);

tl::unexpected<Error> Bad(std::string_view what) {
  return Fail(Code::kInvalid, fmt::format("its table is wrong: {}", what));
}

tl::unexpected<Error> TooSmall(std::string_view name, std::size_t size, std::size_t least) {
  return Bad(fmt::format("{}.struct_size is {}, at least {} expected", name, size, least));
}

Status CheckProvider(const dsw_provider* provider) {
  if (provider == nullptr) return Bad("a provider is NULL");
  if (provider->struct_size < kFirstProvider) {
    return TooSmall("dsw_provider", provider->struct_size, kFirstProvider);
  }
  const std::string id = CleanUtf8(ViewOf(provider->id));
  const auto missing = [&](std::string_view member) {
    return Bad(fmt::format("{} of provider \"{}\" is NULL", member, id));
  };
  if (id.empty()) return Bad("a provider has no id");
  if (provider->create == nullptr) return missing("create");
  if (provider->destroy == nullptr) return missing("destroy");
  if (provider->model_count != 0 && provider->models == nullptr) return missing("models");
  for (std::size_t i = 0; i < provider->model_count; ++i) {
    const dsw_model* model = provider->models[i];
    if (model == nullptr) return missing("a model");
    if (model->struct_size < kFirstModel) {
      return TooSmall("dsw_model", model->struct_size, kFirstModel);
    }
  }
  if (provider->kind == DSW_KIND_EMBEDDER) {
    const dsw_embedder_ops* ops = provider->embedder;
    if (ops == nullptr) return missing("embedder");
    if (ops->struct_size < kFirstEmbedder) {
      return TooSmall("dsw_embedder_ops", ops->struct_size, kFirstEmbedder);
    }
    if (ops->embed == nullptr) return missing("embedder.embed");
    if (ops->describe == nullptr) return missing("embedder.describe");
    return {};
  }
  if (provider->kind == DSW_KIND_SINK) {
    const dsw_sink_ops* ops = provider->sink;
    if (ops == nullptr) return missing("sink");
    if (ops->struct_size < kFirstSink) {
      return TooSmall("dsw_sink_ops", ops->struct_size, kFirstSink);
    }
    if (ops->ensure_collection == nullptr) return missing("sink.ensure_collection");
    if (ops->upsert == nullptr) return missing("sink.upsert");
    if (ops->remove == nullptr) return missing("sink.remove");
    if (ops->count == nullptr) return missing("sink.count");
    return {};
  }
  return Bad(fmt::format("provider \"{}\" is of the unknown kind {}", id, provider->kind));
}

tl::unexpected<Error> Disagree(std::string_view what, std::string_view manifest,
                               std::string_view table) {
  return Fail(Code::kInvalid, fmt::format("its manifest and its table disagree: {} is {} in the "
                                          "manifest and {} in the table",
                                          what, manifest, table));
}

}  // namespace

Status CheckAbi(const Manifest& manifest) {
  if (manifest.abi_major != DSW_ABI_MAJOR) {
    return Fail(Code::kInvalid,
                fmt::format("{} was built for ABI {}.{}, this worker has {}.{}", manifest.id,
                            manifest.abi_major, manifest.abi_minor, DSW_ABI_MAJOR, DSW_ABI_MINOR));
  }
  if (manifest.host_min > DSW_ABI_MINOR) {
    return Fail(
        Code::kInvalid,
        fmt::format("{} needs a worker with ABI {}.{} or newer, this one has {}.{}", manifest.id,
                    DSW_ABI_MAJOR, manifest.host_min, DSW_ABI_MAJOR, DSW_ABI_MINOR));
  }
  return {};
}

Status CheckTable(const dsw_plugin* plugin) {
  if (plugin == nullptr) return Bad("the entry function succeeded without setting it");
  if (plugin->struct_size < kFirstPlugin) {
    return TooSmall("dsw_plugin", plugin->struct_size, kFirstPlugin);
  }
  if (plugin->providers == nullptr || plugin->provider_count == 0) return Bad("it has no provider");
  for (std::size_t i = 0; i < plugin->provider_count; ++i) {
    RETURN_IF_ERROR(CheckProvider(plugin->providers[i]));
  }
  return {};
}

Status CheckAgreement(const Manifest& manifest, const dsw_plugin& plugin) {
  const std::string id = CleanUtf8(ViewOf(plugin.id));
  if (id != manifest.id) return Disagree("the id", manifest.id, id);
  const std::string version = CleanUtf8(ViewOf(plugin.version));
  if (version != manifest.version) return Disagree("the version", manifest.version, version);
  if (plugin.abi_minor != manifest.abi_minor) {
    return Disagree("the ABI's minor version", std::to_string(manifest.abi_minor),
                    std::to_string(plugin.abi_minor));
  }
  if (plugin.host_minor_min != manifest.host_min) {
    return Disagree("the oldest host", std::to_string(manifest.host_min),
                    std::to_string(plugin.host_minor_min));
  }
  if (plugin.provider_count != manifest.providers.size()) {
    return Disagree("the number of providers", std::to_string(manifest.providers.size()),
                    std::to_string(plugin.provider_count));
  }
  for (const ProviderReport& listed : manifest.providers) {
    const std::uint32_t kind =
        listed.kind == ProviderKind::kEmbedder ? DSW_KIND_EMBEDDER : DSW_KIND_SINK;
    bool found = false;
    for (std::size_t i = 0; i < plugin.provider_count; ++i) {
      const dsw_provider& provider = *plugin.providers[i];
      found = found || (provider.kind == kind && ViewOf(provider.id) == listed.id);
    }
    if (!found) {
      return Disagree(fmt::format("the {} \"{}\"", KindName(listed.kind), listed.id), "listed",
                      "missing");
    }
  }
  return {};
}

}  // namespace dsw
