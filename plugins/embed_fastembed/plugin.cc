// SPDX-License-Identifier: Apache-2.0
// The plugin's tables: provider "fastembed" over FastEmbedder. Agrees with plugin.json.
#include <dsw/plugin.hpp>

#include "plugins/embed_fastembed/embedder.h"

namespace dsw::fastembed {
namespace {

Shared& TheShared() {
  static Shared* shared = new Shared;  // never destroyed: calls may outlive exit handlers
  return *shared;
}

class Instance : public FastEmbedder {
 public:
  Instance(const dsw_host& host, std::string_view config_json)
      : FastEmbedder(TheShared(), host, config_json) {}
};

constexpr dsw_model MakeModel(dsw_str id, std::uint32_t dimensions, std::uint32_t max_tokens) {
  dsw_model model{};
  model.struct_size = sizeof model;
  model.dimensions = dimensions;
  model.max_tokens = max_tokens;
  model.id = id;
  return model;
}

constexpr dsw_model kBgeSmall = MakeModel(DSW_STR("BAAI/bge-small-en-v1.5"), 384, 512);
constexpr dsw_model kBgeBase = MakeModel(DSW_STR("BAAI/bge-base-en-v1.5"), 768, 512);
constexpr dsw_model kBgeLarge = MakeModel(DSW_STR("BAAI/bge-large-en-v1.5"), 1024, 512);
constexpr dsw_model kMiniLm =
    MakeModel(DSW_STR("sentence-transformers/all-MiniLM-L6-v2"), 384, 256);
constexpr const dsw_model* kModels[] = {&kBgeSmall, &kBgeBase, &kBgeLarge, &kMiniLm};

constexpr dsw_provider MakeProvider() {
  dsw_provider provider{};
  provider.struct_size = sizeof provider;
  provider.kind = DSW_KIND_EMBEDDER;
  provider.id = DSW_STR("fastembed");
  provider.title = DSW_STR("BERT models in this process, by ONNX Runtime");
  provider.models = kModels;
  provider.model_count = sizeof kModels / sizeof kModels[0];
  provider.create = &Embedder<Instance>::Create;
  provider.destroy = &Embedder<Instance>::Destroy;
  provider.embedder = &Embedder<Instance>::kOps;
  return provider;
}

constexpr dsw_provider kProvider = MakeProvider();
constexpr const dsw_provider* kProviders[] = {&kProvider};

void Shutdown(void*) {
  TheShared().models.Clear();
}

constexpr dsw_plugin MakePlugin() {
  dsw_plugin plugin{};
  plugin.struct_size = sizeof plugin;
  plugin.abi_minor = DSW_ABI_MINOR;
  plugin.id = DSW_STR("io.dsw.embed-fastembed");
  plugin.version = DSW_STR("0.1.0");
  plugin.vendor = DSW_STR("Datasets worker");
  plugin.license = DSW_STR("Apache-2.0");
  plugin.providers = kProviders;
  plugin.provider_count = sizeof kProviders / sizeof kProviders[0];
  plugin.shutdown = &Shutdown;
  return plugin;
}

constexpr dsw_plugin kPlugin = MakePlugin();

}  // namespace
}  // namespace dsw::fastembed

extern "C" dsw_status dsw_plugin_entry_v0(const dsw_host*, const dsw_plugin** out, dsw_error*) {
  *out = &dsw::fastembed::kPlugin;
  return DSW_OK;
}
