// SPDX-License-Identifier: Apache-2.0
#include "host/isolation/forward_sink.h"

#include <cstring>
#include <optional>

#include "host/isolation/forward.h"

namespace dsw {
namespace {

RemoteInstance& Of(void* instance) {
  return *static_cast<RemoteInstance*>(instance);
}

void WriteStr(wire::Writer& writer, const dsw_str& text) {
  writer.Text(text.ptr, text.len);
}

void WriteStrs(wire::Writer& writer, const dsw_str* texts, std::size_t count) {
  writer.U64(count);
  for (std::size_t i = 0; i < count; ++i) WriteStr(writer, texts[i]);
}

dsw_status EnsureWith(wire::Op op, void* instance, const dsw_call* call,
                      const dsw_collection_spec* spec, const dsw_collection_out* out,
                      dsw_error* error) {
  return Forward(Of(instance),
                 {.op = op,
                  .operation = "ensure",
                  .call = call,
                  .fill =
                      [&](wire::Writer& writer) {
                        WriteStr(writer, spec->name);
                        writer.U32(spec->dimensions);
                        writer.U32(spec->distance);
                        writer.U32(spec->flags);
                      },
                  .receivers = {.collection = out}},
                 error);
}

dsw_status EnsureCollection(void* instance, const dsw_call* call, const dsw_collection_spec* spec,
                            dsw_error* error) {
  return EnsureWith(wire::Op::kEnsureCollection, instance, call, spec, nullptr, error);
}

dsw_status Ensure(void* instance, const dsw_call* call, const dsw_collection_spec* spec,
                  const dsw_collection_out* out, dsw_error* error) {
  return EnsureWith(wire::Op::kEnsure, instance, call, spec, out, error);
}

dsw_status Upsert(void* instance, const dsw_call* call, dsw_str const* collection,
                  const dsw_points* points, dsw_error* error) {
  std::uint64_t offset = 0;
  const std::size_t row_bytes = std::size_t{points->dimensions} * sizeof(float);
  const auto prepare = [&](Arena& arena) {
    const std::optional<std::uint64_t> block = arena.Allocate(row_bytes * points->count);
    if (!block) return false;
    offset = *block;
    const char* const rows = reinterpret_cast<const char*>(points->vectors);
    for (std::size_t i = 0; i < points->count; ++i) {
      std::memcpy(arena.At(offset) + i * row_bytes, rows + i * points->row_stride_bytes, row_bytes);
    }
    return true;
  };
  const auto fill = [&](wire::Writer& writer) {
    WriteStr(writer, *collection);
    writer.U32(points->dimensions);
    writer.U64(row_bytes);
    writer.I64(points->fence);
    writer.U64(offset);
    WriteStrs(writer, points->ids, points->count);
    WriteStrs(writer, points->payloads, points->count);
  };
  return Forward(Of(instance),
                 {.op = wire::Op::kUpsert,
                  .operation = "upsert",
                  .call = call,
                  .prepare = prepare,
                  .fill = fill},
                 error);
}

dsw_status RemoveWith(wire::Op op, void* instance, const dsw_call* call, dsw_str const* collection,
                      const dsw_str* ids, std::size_t id_count, std::int64_t fence,
                      dsw_error* error) {
  return Forward(Of(instance),
                 {.op = op,
                  .operation = "remove",
                  .call = call,
                  .fill =
                      [&](wire::Writer& writer) {
                        WriteStr(writer, *collection);
                        writer.I64(fence);
                        WriteStrs(writer, ids, id_count);
                      }},
                 error);
}

dsw_status Remove(void* instance, const dsw_call* call, dsw_str const* collection,
                  const dsw_str* ids, std::size_t id_count, dsw_error* error) {
  return RemoveWith(wire::Op::kRemove, instance, call, collection, ids, id_count, 0, error);
}

dsw_status RemoveOlder(void* instance, const dsw_call* call, dsw_str const* collection,
                       const dsw_str* ids, std::size_t id_count, std::int64_t fence,
                       dsw_error* error) {
  return RemoveWith(wire::Op::kRemoveOlder, instance, call, collection, ids, id_count, fence,
                    error);
}

dsw_status Count(void* instance, const dsw_call* call, dsw_str const* collection,
                 std::uint64_t* count, dsw_error* error) {
  return Forward(Of(instance),
                 {.op = wire::Op::kCount,
                  .operation = "count",
                  .call = call,
                  .fill = [&](wire::Writer& writer) { WriteStr(writer, *collection); },
                  .results = [&](wire::Reader& reader) { *count = reader.U64(); }},
                 error);
}

dsw_status Health(void* instance, const dsw_call* call, dsw_error* error) {
  return Forward(Of(instance), {.op = wire::Op::kSinkHealth, .operation = "health", .call = call},
                 error);
}

dsw_status SetMaker(void* instance, const dsw_call* call, dsw_str const* collection,
                    dsw_str const* maker, dsw_error* error) {
  return Forward(Of(instance),
                 {.op = wire::Op::kSetMaker,
                  .operation = "set_maker",
                  .call = call,
                  .fill =
                      [&](wire::Writer& writer) {
                        WriteStr(writer, *collection);
                        WriteStr(writer, *maker);
                      }},
                 error);
}

dsw_status Scan(void* instance, const dsw_call* call, dsw_str const* collection,
                dsw_str const* after, std::uint32_t limit, const dsw_scan_out* out,
                dsw_error* error) {
  return Forward(Of(instance),
                 {.op = wire::Op::kScan,
                  .operation = "scan",
                  .call = call,
                  .fill =
                      [&](wire::Writer& writer) {
                        WriteStr(writer, *collection);
                        WriteStr(writer, *after);
                        writer.U32(limit);
                      },
                  .receivers = {.scan = out}},
                 error);
}

dsw_status Search(void* instance, const dsw_call* call, dsw_str const* collection,
                  const float* vector, std::uint32_t dimensions, std::uint32_t limit,
                  const dsw_search_out* out, dsw_error* error) {
  return Forward(Of(instance),
                 {.op = wire::Op::kSearch,
                  .operation = "search",
                  .call = call,
                  .fill =
                      [&](wire::Writer& writer) {
                        WriteStr(writer, *collection);
                        writer.U32(limit);
                        writer.Text(reinterpret_cast<const char*>(vector),
                                    std::size_t{dimensions} * sizeof(float));
                      },
                  .receivers = {.search = out}},
                 error);
}

constexpr dsw_sink_collection kCollection{sizeof kCollection, 0, &Ensure, &SetMaker, &RemoveOlder};
constexpr dsw_sink_collection kCollectionWithoutRemove{sizeof kCollectionWithoutRemove, 0, &Ensure,
                                                       &SetMaker, nullptr};
constexpr dsw_sink_scan kScan{sizeof kScan, 0, &Scan};
constexpr dsw_sink_search kSearch{sizeof kSearch, 0, &Search};

}  // namespace

dsw_sink_ops RemoteSinkOps() {
  return {sizeof(dsw_sink_ops), 0, &EnsureCollection, &Upsert, &Remove, &Count, &Health};
}

const void* RemoteExtension(void* instance, const char* id, std::size_t id_len) {
  RemoteInstance& remote = Of(instance);
  const std::lock_guard lock(remote.mutex);
  const auto has = [&](wire::Extension extension) { return (remote.extensions & extension) != 0; };
  const std::string_view name(id, id_len);
  if (name == DSW_EXT_COLLECTION && has(wire::kCollectionExtension)) {
    return has(wire::kRemoveOlderExtension) ? &kCollection : &kCollectionWithoutRemove;
  }
  if (name == DSW_EXT_SCAN && has(wire::kScanExtension)) return &kScan;
  if (name == DSW_EXT_SEARCH && has(wire::kSearchExtension)) return &kSearch;
  return nullptr;
}

}  // namespace dsw
