// SPDX-License-Identifier: Apache-2.0
//
// The plugin's tables: embedder "cohere". Agrees with plugin.json.
#include <string>
#include <string_view>

#include <dsw/plugin.hpp>

#include "plugins/embed_cohere/config.h"
#include "plugins/embed_cohere/wire.h"
#include "plugins/embed_common/http_embedder.h"
#include "plugins/embed_common/http_plugin.h"

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

}  // namespace
}  // namespace dsw::cohere

extern "C" dsw_status dsw_plugin_entry_v0(const dsw_host*, const dsw_plugin** out, dsw_error*) {
  using dsw::cohere::Cohere;
  static const dsw_provider provider = dsw::HttpProvider<dsw::HttpEmbedder<Cohere>>(
      dsw::cohere::Defaults(),
      DSW_STR("Cohere's embedding models, over their API versions 1 and 2"), dsw::cohere::kSchema);
  static const dsw_provider* const providers[] = {&provider};
  static const dsw_plugin plugin = dsw::HttpPlugin(DSW_STR("io.dsw.embed-cohere"), providers, 1);
  *out = &plugin;
  return DSW_OK;
}
