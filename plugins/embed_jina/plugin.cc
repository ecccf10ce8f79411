// SPDX-License-Identifier: Apache-2.0
//
// The plugin's tables: embedder "jina". Agrees with plugin.json.
#include <string>
#include <string_view>

#include <dsw/plugin.hpp>

#include "plugins/embed_common/http_embedder.h"
#include "plugins/embed_common/http_plugin.h"
#include "plugins/embed_jina/config.h"
#include "plugins/embed_jina/wire.h"

namespace dsw::jina {
namespace {

struct Jina {
  using Config = jina::Config;
  static Config ReadConfig(const dsw_host& host, std::string_view json) {
    std::string warning;
    Config config = jina::ReadConfig(json, warning);
    if (!warning.empty()) Log(host, nullptr, DSW_LOG_WARN, warning);
    return config;
  }
  static std::string Body(const Config& config, const dsw_embed_request& request) {
    return jina::Body(config, request);
  }
  static void Refine(const UpstreamError& error, Failure& failure) { jina::Refine(error, failure); }
};

}  // namespace
}  // namespace dsw::jina

extern "C" dsw_status dsw_plugin_entry_v0(const dsw_host*, const dsw_plugin** out, dsw_error*) {
  using dsw::jina::Jina;
  static const dsw_provider provider = dsw::HttpProvider<dsw::HttpEmbedder<Jina>>(
      dsw::jina::kDefaults, DSW_STR("Jina AI's embedding models"), dsw::jina::kSchema);
  static const dsw_provider* const providers[] = {&provider};
  static const dsw_plugin plugin = dsw::HttpPlugin(DSW_STR("io.dsw.embed-jina"), providers, 1);
  *out = &plugin;
  return DSW_OK;
}
