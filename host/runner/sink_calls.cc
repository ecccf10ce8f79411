// SPDX-License-Identifier: Apache-2.0
#include "host/runner/sink_calls.h"

#include "host/runner/outcome.h"

namespace dsw::runner {
namespace {

Slot& SlotOf(void* ctx) {
  return *static_cast<Slot*>(ctx);
}

/// Presence and size; whether members up to the one at `reach` are there to be written.
template <typename Struct>
bool WriteHead(wire::Writer& writer, const Struct* value, std::size_t reach) {
  writer.U32(value == nullptr ? 0 : 1);
  if (value == nullptr) return false;
  writer.U32(value->struct_size);
  return value->struct_size >= reach;
}

void WriteStr(wire::Writer& writer, const dsw_str& text) {
  writer.Text(text.ptr, text.len);
}

void State(const dsw_collection_out* out, const dsw_collection_state* state) noexcept {
  SlotOf(out->ctx).Post(wire::Kind::kState, [&](wire::Writer& writer) {
    if (!WriteHead(writer, state, sizeof *state)) return;
    writer.U32(state->flags);
    WriteStr(writer, state->maker);
  });
}

void Point(const dsw_scan_out* out, const dsw_point_stamp* point) noexcept {
  SlotOf(out->ctx).Post(wire::Kind::kPoint, [&](wire::Writer& writer) {
    if (!WriteHead(writer, point, sizeof *point)) return;
    WriteStr(writer, point->id);
    WriteStr(writer, point->stamp);
  });
}

void Hit(const dsw_search_out* out, const dsw_hit* hit) noexcept {
  SlotOf(out->ctx).Post(wire::Kind::kHit, [&](wire::Writer& writer) {
    if (!WriteHead(writer, hit, sizeof *hit)) return;
    WriteStr(writer, hit->id);
    WriteStr(writer, hit->payload);
    writer.F64(hit->score);
  });
}

dsw_collection_spec ReadSpec(wire::Reader& call) {
  dsw_collection_spec spec{};
  spec.struct_size = sizeof spec;
  spec.name = ReadStr(call);
  spec.dimensions = call.U32();
  spec.distance = call.U32();
  spec.flags = call.U32();
  return spec;
}

Outcome EnsureCollection(const Served& served, wire::Op op, wire::Reader& call) {
  const dsw_collection_spec spec = ReadSpec(call);
  const dsw_collection_out out{
      .struct_size = sizeof out, .reserved0 = 0, .ctx = &served.slot, .state = &State};
  return Guarded([&](dsw_error* error) {
    if (op == wire::Op::kEnsureCollection) {
      return served.instance.provider->sink->ensure_collection(served.instance.handle, &served.call,
                                                               &spec, error);
    }
    return served.instance.collection->ensure(served.instance.handle, &served.call, &spec, &out,
                                              error);
  });
}

Outcome Upsert(const Served& served, wire::Reader& call) {
  const dsw_str collection = ReadStr(call);
  dsw_points points{};
  points.struct_size = sizeof points;
  points.dimensions = call.U32();
  points.row_stride_bytes = call.U64();
  points.fence = call.I64();
  points.vectors = reinterpret_cast<const float*>(served.slot.At(call.U64()));
  const std::vector<dsw_str> ids = ReadStrs(call);
  const std::vector<dsw_str> payloads = ReadStrs(call);
  points.count = ids.size();
  points.ids = ids.data();
  points.payloads = payloads.data();
  return Guarded([&](dsw_error* error) {
    return served.instance.provider->sink->upsert(served.instance.handle, &served.call, &collection,
                                                  &points, error);
  });
}

Outcome Remove(const Served& served, wire::Op op, wire::Reader& call) {
  const dsw_str collection = ReadStr(call);
  const std::int64_t fence = call.I64();
  const std::vector<dsw_str> ids = ReadStrs(call);
  return Guarded([&](dsw_error* error) {
    if (op == wire::Op::kRemove) {
      return served.instance.provider->sink->remove(served.instance.handle, &served.call,
                                                    &collection, ids.data(), ids.size(), error);
    }
    return served.instance.collection->remove(served.instance.handle, &served.call, &collection,
                                              ids.data(), ids.size(), fence, error);
  });
}

void Count(const Served& served, wire::Reader& call, wire::Writer& done) {
  const dsw_str collection = ReadStr(call);
  std::uint64_t count = 0;
  Write(done, Guarded([&](dsw_error* error) {
          return served.instance.provider->sink->count(served.instance.handle, &served.call,
                                                       &collection, &count, error);
        }));
  done.U64(count);
}

Outcome SetMaker(const Served& served, wire::Reader& call) {
  const dsw_str collection = ReadStr(call);
  const dsw_str maker = ReadStr(call);
  return Guarded([&](dsw_error* error) {
    return served.instance.collection->set_maker(served.instance.handle, &served.call, &collection,
                                                 &maker, error);
  });
}

Outcome Scan(const Served& served, wire::Reader& call) {
  const dsw_str collection = ReadStr(call);
  const dsw_str after = ReadStr(call);
  const std::uint32_t limit = call.U32();
  const dsw_scan_out out{
      .struct_size = sizeof out, .reserved0 = 0, .ctx = &served.slot, .point = &Point};
  return Guarded([&](dsw_error* error) {
    return served.instance.scan->scan(served.instance.handle, &served.call, &collection, &after,
                                      limit, &out, error);
  });
}

Outcome Search(const Served& served, wire::Reader& call) {
  const dsw_str collection = ReadStr(call);
  const std::uint32_t limit = call.U32();
  const std::string_view bytes = call.Text();
  std::vector<float> vector(bytes.size() / sizeof(float));
  if (!vector.empty()) std::memcpy(vector.data(), bytes.data(), vector.size() * sizeof(float));
  const dsw_search_out out{
      .struct_size = sizeof out, .reserved0 = 0, .ctx = &served.slot, .hit = &Hit};
  return Guarded([&](dsw_error* error) {
    return served.instance.search->search(served.instance.handle, &served.call, &collection,
                                          vector.data(), static_cast<std::uint32_t>(vector.size()),
                                          limit, &out, error);
  });
}

Outcome Health(const Served& served) {
  return Guarded([&](dsw_error* error) {
    return served.instance.provider->sink->health(served.instance.handle, &served.call, error);
  });
}

}  // namespace

void ServeSink(const Served& served, wire::Op op, wire::Reader& call, wire::Writer& done) {
  switch (op) {
    case wire::Op::kEnsureCollection:
    case wire::Op::kEnsure:
      return Write(done, EnsureCollection(served, op, call));
    case wire::Op::kUpsert:
      return Write(done, Upsert(served, call));
    case wire::Op::kRemove:
    case wire::Op::kRemoveOlder:
      return Write(done, Remove(served, op, call));
    case wire::Op::kCount:
      return Count(served, call, done);
    case wire::Op::kSetMaker:
      return Write(done, SetMaker(served, call));
    case wire::Op::kScan:
      return Write(done, Scan(served, call));
    case wire::Op::kSearch:
      return Write(done, Search(served, call));
    case wire::Op::kSinkHealth:
      return Write(done, Health(served));
    default:
      return Write(done, Failure(DSW_E_UNSUPPORTED, "no operation of a sink"));
  }
}

}  // namespace dsw::runner
