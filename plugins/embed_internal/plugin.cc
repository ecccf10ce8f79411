// SPDX-License-Identifier: Apache-2.0
//
// The plugin's tables: embedder "internal". Agrees with plugin.json.
#include <dsw/plugin.hpp>

#include "plugins/embed_common/http_plugin.h"
#include "plugins/embed_internal/config.h"
#include "plugins/embed_internal/embedder.h"

namespace dsw::self_hosted {
namespace {

using Table = Embedder<InternalEmbedder>;

dsw_provider MakeProvider() {
  dsw_provider provider{};
  provider.struct_size = sizeof provider;
  provider.kind = DSW_KIND_EMBEDDER;
  provider.id = Str(kId);
  provider.title = DSW_STR("An embedding server of one's own");
  provider.models = kModels;
  provider.model_count = kModelCount;
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

const dsw_plugin kPlugin = HttpPlugin(DSW_STR("io.dsw.embed-internal"), kProviders, 1);

}  // namespace
}  // namespace dsw::self_hosted

extern "C" dsw_status dsw_plugin_entry_v0(const dsw_host*, const dsw_plugin** out, dsw_error*) {
  *out = &dsw::self_hosted::kPlugin;
  return DSW_OK;
}
