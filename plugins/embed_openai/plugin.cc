// SPDX-License-Identifier: Apache-2.0
//
// The plugin's tables: embedder "openai". Agrees with plugin.json.
#include <string>
#include <string_view>

#include <dsw/plugin.hpp>

#include "plugins/embed_common/http_embedder.h"
#include "plugins/embed_common/http_plugin.h"
#include "plugins/embed_openai/config.h"
#include "plugins/embed_openai/wire.h"

namespace dsw::openai {
namespace {

struct OpenAi {
  using Config = openai::Config;
  static Config ReadConfig(const dsw_host&, std::string_view json) {
    return openai::ReadConfig(json);
  }
  static std::string Body(const Config& config, const dsw_embed_request& request) {
    return openai::Body(config, request);
  }
  static void Refine(const UpstreamError& error, Failure& failure) {
    openai::Refine(error, failure);
  }
};

}  // namespace
}  // namespace dsw::openai

extern "C" dsw_status dsw_plugin_entry_v0(const dsw_host*, const dsw_plugin** out, dsw_error*) {
  using dsw::openai::OpenAi;
  static const dsw_provider provider = dsw::HttpProvider<dsw::HttpEmbedder<OpenAi>>(
      dsw::openai::kDefaults,
      DSW_STR("OpenAI's embedding models, and servers that speak its language"),
      dsw::openai::kSchema);
  static const dsw_provider* const providers[] = {&provider};
  static const dsw_plugin plugin = dsw::HttpPlugin(DSW_STR("io.dsw.embed-openai"), providers, 1);
  *out = &plugin;
  return DSW_OK;
}
