// SPDX-License-Identifier: Apache-2.0
//
// The plugin's tables: sink "qdrant" over QdrantSink. Agrees with plugin.json.
#include <string_view>

#include <dsw/plugin.hpp>

#include "plugins/embed_common/http_plugin.h"
#include "plugins/sink_qdrant/sink.h"

namespace dsw::qdrant {
namespace {

const void* GetExtension(void*, const char* id, std::size_t id_len) {
  const std::string_view wanted(id, id_len);
  if (wanted == DSW_EXT_COLLECTION) return &SinkCollection<QdrantSink>::kOps;
  if (wanted == DSW_EXT_SCAN) return &SinkScan<QdrantSink>::kOps;
  return wanted == DSW_EXT_SEARCH ? &SinkSearch<QdrantSink>::kOps : nullptr;
}

dsw_provider MakeProvider() {
  dsw_provider provider{};
  provider.struct_size = sizeof provider;
  provider.kind = DSW_KIND_SINK;
  provider.id = DSW_STR("qdrant");
  provider.title = DSW_STR("Vectors in a Qdrant server");
  provider.create = &Sink<QdrantSink>::Create;
  provider.destroy = &Sink<QdrantSink>::Destroy;
  provider.sink = &Sink<QdrantSink>::kOps;
  provider.get_extension = &GetExtension;
  provider.config_schema = Str(kConfigSchema);
  provider.flags = DSW_PROVIDER_REMOTE;
  return provider;
}

const dsw_provider kProvider = MakeProvider();
constexpr const dsw_provider* kProviders[] = {&kProvider};

constexpr dsw_plugin kPlugin = HttpPlugin(DSW_STR("io.dsw.sink-qdrant"), kProviders, 1);

}  // namespace
}  // namespace dsw::qdrant

extern "C" dsw_status dsw_plugin_entry_v0(const dsw_host*, const dsw_plugin** out, dsw_error*) {
  *out = &dsw::qdrant::kPlugin;
  return DSW_OK;
}
