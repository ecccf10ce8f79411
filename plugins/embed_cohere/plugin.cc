// SPDX-License-Identifier: Apache-2.0
//
// The plugin's tables: embedder "cohere". Agrees with plugin.json.
#include <string>
#include <string_view>

#include <dsw/plugin.hpp>

#include "plugins/embed_cohere/config.h"
#include "plugins/embed_cohere/wire.h"
#include "plugins/embed_common/http_embedder.h"

namespace dsw::cohere {
namespace {

struct Cohere {
  using Config = cohere::Config;
  static Config ReadConfig(const dsw_host&, std::string_view json) {
    return cohere::ReadConfig(json);
  }
  static std::string Body(const Config& config, const dsw_embed_request& request) {
    return cohere::Body(config, request);
  }
  static void Refine(const UpstreamError& error, Failure& failure) {
    cohere::Refine(error, failure);
  }
};

using Table = Embedder<HttpEmbedder<Cohere>>;

dsw_provider MakeProvider() {
  dsw_provider provider{};
  provider.struct_size = sizeof provider;
  provider.kind = DSW_KIND_EMBEDDER;
  provider.id = DSW_STR("cohere");
  provider.title = DSW_STR("Cohere's embedding models, over their API versions 1 and 2");
  provider.models = kModels;
  provider.model_count = kModelCount;
  provider.max_batch = kMaxBatch;
  provider.create = &Table::Create;
  provider.destroy = &Table::Destroy;
  provider.embedder = &Table::kOps;
  provider.default_base_url = Str(kBaseUrl);
  provider.config_schema = Str(kSchema);
  provider.flags = DSW_PROVIDER_REMOTE;
  return provider;
}

const dsw_provider kProvider = MakeProvider();
const dsw_provider* const kProviders[] = {&kProvider};

dsw_plugin MakePlugin() {
  dsw_plugin plugin{};
  plugin.struct_size = sizeof plugin;
  plugin.abi_minor = DSW_ABI_MINOR;
  plugin.host_minor_min = 2;
  plugin.id = DSW_STR("io.dsw.embed-cohere");
  plugin.version = DSW_STR("0.1.0");
  plugin.vendor = DSW_STR("Datasets worker");
  plugin.license = DSW_STR("Apache-2.0");
  plugin.providers = kProviders;
  plugin.provider_count = sizeof kProviders / sizeof kProviders[0];
  return plugin;
}

const dsw_plugin kPlugin = MakePlugin();

}  // namespace
}  // namespace dsw::cohere

extern "C" dsw_status dsw_plugin_entry_v0(const dsw_host*, const dsw_plugin** out, dsw_error*) {
  *out = &dsw::cohere::kPlugin;
  return DSW_OK;
}
