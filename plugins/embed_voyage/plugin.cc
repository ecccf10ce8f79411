// SPDX-License-Identifier: Apache-2.0
//
// The plugin's tables: embedder "voyage". Agrees with plugin.json.
#include <string>
#include <string_view>

#include <dsw/plugin.hpp>

#include "plugins/embed_common/http_embedder.h"
#include "plugins/embed_common/http_plugin.h"
#include "plugins/embed_voyage/config.h"
#include "plugins/embed_voyage/wire.h"

namespace dsw::voyage {
namespace {

struct Voyage {
  using Config = voyage::Config;
  static Config ReadConfig(const dsw_host&, std::string_view json) {
    return voyage::ReadConfig(json);
  }
  static std::string Body(const Config& config, const dsw_embed_request& request) {
    return voyage::Body(config, request);
  }
  static void Refine(const UpstreamError& error, Failure& failure) {
    voyage::Refine(error, failure);
  }
};

}  // namespace
}  // namespace dsw::voyage

extern "C" dsw_status dsw_plugin_entry_v0(const dsw_host*, const dsw_plugin** out, dsw_error*) {
  using dsw::voyage::Voyage;
  static const dsw_provider provider = dsw::HttpProvider<dsw::HttpEmbedder<Voyage>>(
      dsw::voyage::kDefaults, DSW_STR("Voyage AI's embedding models"), dsw::voyage::kSchema);
  static const dsw_provider* const providers[] = {&provider};
  static const dsw_plugin plugin = dsw::HttpPlugin(DSW_STR("io.dsw.embed-voyage"), providers, 1);
  *out = &plugin;
  return DSW_OK;
}
