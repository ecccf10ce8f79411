// SPDX-License-Identifier: Apache-2.0
//
// The tables of plugins whose providers are HttpEmbedders.
#pragma once

#include <cstddef>
#include <string_view>

#include <dsw/plugin.hpp>

#include "plugins/embed_common/common_config.h"

namespace dsw {

/// `T` is what Embedder<> takes. `schema` is published as it stands.
template <class T>
constexpr dsw_provider HttpProvider(const ProviderDefaults& defaults, dsw_str title,
                                    std::string_view schema) {
  dsw_provider provider{};
  provider.struct_size = sizeof provider;
  provider.kind = DSW_KIND_EMBEDDER;
  provider.id = {defaults.id.data(), defaults.id.size()};
  provider.title = title;
  provider.models = defaults.models;
  provider.model_count = defaults.model_count;
  provider.max_batch = defaults.facts.max_batch;
  provider.max_request_bytes = defaults.facts.max_request_bytes;
  provider.create = &Embedder<T>::Create;
  provider.destroy = &Embedder<T>::Destroy;
  provider.embedder = &Embedder<T>::kOps;
  provider.default_base_url = {defaults.base_url.data(), defaults.base_url.size()};
  provider.config_schema = {schema.data(), schema.size()};
  provider.flags = DSW_PROVIDER_REMOTE;
  return provider;
}

/// A plugin of this project that needs the host's HTTP client.
constexpr dsw_plugin HttpPlugin(dsw_str id, const dsw_provider* const* providers,
                                std::size_t count) {
  dsw_plugin plugin{};
  plugin.struct_size = sizeof plugin;
  plugin.abi_minor = DSW_ABI_MINOR;
  plugin.host_minor_min = 2;
  plugin.id = id;
  plugin.version = DSW_STR("0.1.0");
  plugin.vendor = DSW_STR("Datasets worker");
  plugin.license = DSW_STR("Apache-2.0");
  plugin.providers = providers;
  plugin.provider_count = count;
  return plugin;
}

}  // namespace dsw
