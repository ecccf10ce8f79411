// SPDX-License-Identifier: Apache-2.0
#include "host/runner/table.h"

#include <algorithm>
#include <cstddef>

#include "host/isolation/wire.h"

namespace dsw::runner {
namespace {

void WriteStr(wire::Writer& writer, const dsw_str& text) {
  writer.Text(text.ptr, text.len);
}

template <typename Pointer>
void WritePresence(wire::Writer& writer, Pointer pointer) {
  writer.U32(pointer == nullptr ? 0 : 1);
}

/// Whether there is more to write: presence and size, and the size reaches as far as `least`.
template <typename Struct>
bool WriteHead(wire::Writer& writer, const Struct* value, std::size_t least) {
  WritePresence(writer, value);
  if (value == nullptr) return false;
  writer.U32(value->struct_size);
  return value->struct_size >= least;
}

void WriteModel(wire::Writer& writer, const dsw_model* model) {
  constexpr std::size_t kFirst = offsetof(dsw_model, max_request_tokens) + sizeof(std::uint32_t);
  if (!WriteHead(writer, model, kFirst)) return;
  writer.U32(model->dimensions);
  writer.U32(model->max_tokens);
  writer.U32(model->min_dimensions);
  WriteStr(writer, model->id);
  writer.U32(model->max_batch);
  writer.U32(model->max_request_tokens);
  writer.U64(DSW_HAS(model, price) ? model->price : 0);
}

void WriteModels(wire::Writer& writer, const dsw_provider& provider) {
  WritePresence(writer, provider.models);
  writer.U64(provider.model_count);
  if (provider.models == nullptr) return;
  const std::size_t count = std::min(provider.model_count, wire::kMostModels);
  for (std::size_t i = 0; i < count; ++i) WriteModel(writer, provider.models[i]);
}

void WriteEmbedder(wire::Writer& writer, const dsw_embedder_ops* ops) {
  if (!WriteHead(writer, ops, offsetof(dsw_embedder_ops, health) + sizeof(void*))) return;
  WritePresence(writer, ops->embed);
  WritePresence(writer, ops->describe);
  WritePresence(writer, ops->health);
}

void WriteSink(wire::Writer& writer, const dsw_sink_ops* ops) {
  if (!WriteHead(writer, ops, offsetof(dsw_sink_ops, health) + sizeof(void*))) return;
  WritePresence(writer, ops->ensure_collection);
  WritePresence(writer, ops->upsert);
  WritePresence(writer, ops->remove);
  WritePresence(writer, ops->count);
  WritePresence(writer, ops->health);
}

void WriteProvider(wire::Writer& writer, const dsw_provider* provider) {
  constexpr std::size_t kFirst = offsetof(dsw_provider, get_extension) + sizeof(void*);
  if (!WriteHead(writer, provider, kFirst)) return;
  writer.U32(provider->kind);
  WriteStr(writer, provider->id);
  WriteStr(writer, provider->title);
  WriteModels(writer, *provider);
  writer.U32(provider->max_batch);
  writer.U32(provider->max_concurrency);
  writer.U64(provider->max_request_bytes);
  WritePresence(writer, provider->create);
  WritePresence(writer, provider->destroy);
  WriteEmbedder(writer, provider->embedder);
  WriteSink(writer, provider->sink);
  WritePresence(writer, provider->get_extension);
  WriteStr(writer, DSW_HAS(provider, default_base_url) ? provider->default_base_url : dsw_str{});
  WriteStr(writer, DSW_HAS(provider, config_schema) ? provider->config_schema : dsw_str{});
  writer.U32(DSW_HAS(provider, flags) ? provider->flags : 0);
}

}  // namespace

void WriteTable(wire::Writer& writer, const dsw_plugin* plugin) {
  if (!WriteHead(writer, plugin, offsetof(dsw_plugin, shutdown) + sizeof(void*))) return;
  writer.U32(plugin->abi_minor);
  writer.U32(plugin->host_minor_min);
  WriteStr(writer, plugin->id);
  WriteStr(writer, plugin->version);
  WriteStr(writer, plugin->vendor);
  WriteStr(writer, plugin->license);
  WritePresence(writer, plugin->init);
  WritePresence(writer, plugin->shutdown);
  WritePresence(writer, plugin->providers);
  writer.U64(plugin->provider_count);
  if (plugin->providers == nullptr) return;
  const std::size_t count = std::min(plugin->provider_count, wire::kMostProviders);
  for (std::size_t i = 0; i < count; ++i) WriteProvider(writer, plugin->providers[i]);
}

}  // namespace dsw::runner
