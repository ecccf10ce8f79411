// SPDX-License-Identifier: Apache-2.0
//
// The plugin's tables: sink "sqlite" over Store. Agrees with plugin.json.
#include <string_view>

#include <dsw/plugin.hpp>

#include "plugins/sink_sqlite/store.h"

namespace dsw::sqlite {
namespace {

const void* GetExtension(void*, const char* id, std::size_t id_len) {
  const std::string_view wanted(id, id_len);
  if (wanted == DSW_EXT_COLLECTION) return &SinkCollection<Store>::kOps;
  if (wanted == DSW_EXT_SCAN) return &SinkScan<Store>::kOps;
  return wanted == DSW_EXT_SEARCH ? &SinkSearch<Store>::kOps : nullptr;
}

constexpr dsw_provider MakeProvider() {
  dsw_provider provider{};
  provider.struct_size = sizeof provider;
  provider.kind = DSW_KIND_SINK;
  provider.id = DSW_STR("sqlite");
  provider.title = DSW_STR("Vectors in an SQLite file, with exact search");
  provider.create = &Sink<Store>::Create;
  provider.destroy = &Sink<Store>::Destroy;
  provider.sink = &Sink<Store>::kOps;
  provider.get_extension = &GetExtension;
  return provider;
}

constexpr dsw_provider kProvider = MakeProvider();
constexpr const dsw_provider* kProviders[] = {&kProvider};

constexpr dsw_plugin MakePlugin() {
  dsw_plugin plugin{};
  plugin.struct_size = sizeof plugin;
  plugin.abi_minor = DSW_ABI_MINOR;
  plugin.id = DSW_STR("io.dsw.sink-sqlite");
  plugin.version = DSW_STR("0.1.0");
  plugin.vendor = DSW_STR("Datasets worker");
  plugin.license = DSW_STR("Apache-2.0");
  plugin.providers = kProviders;
  plugin.provider_count = sizeof kProviders / sizeof kProviders[0];
  return plugin;
}

constexpr dsw_plugin kPlugin = MakePlugin();

}  // namespace
}  // namespace dsw::sqlite

extern "C" dsw_status dsw_plugin_entry_v0(const dsw_host*, const dsw_plugin** out, dsw_error*) {
  *out = &dsw::sqlite::kPlugin;
  return DSW_OK;
}
