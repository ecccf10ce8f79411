// SPDX-License-Identifier: Apache-2.0
#include "host/runner/embedder_calls.h"

#include <cstring>

#include "host/runner/outcome.h"

namespace dsw::runner {
namespace {

Slot& SlotOf(const dsw_embed_out* out) {
  return *static_cast<Slot*>(out->ctx);
}

float* Alloc(const dsw_embed_out* out, std::uint32_t rows, std::uint32_t dimensions) noexcept {
  Slot& slot = SlotOf(out);
  std::uint64_t offset = 0;
  slot.Ask(
      wire::Kind::kAlloc,
      [&](wire::Writer& writer) {
        writer.U32(rows);
        writer.U32(dimensions);
      },
      [&](wire::Reader& answer, bool) { offset = answer.U64(); });
  if (offset == 0) return nullptr;
  char* const matrix = slot.At(offset);
  std::memset(matrix, 0, std::size_t{rows} * dimensions * sizeof(float));
  return reinterpret_cast<float*>(matrix);
}

void ItemError(const dsw_embed_out* out, std::uint32_t index, const dsw_error* error) noexcept {
  SlotOf(out).Post(wire::Kind::kItemError, [&](wire::Writer& writer) {
    writer.U32(index);
    writer.Sized(error);
  });
}

void ItemTruncated(const dsw_embed_out* out, std::uint32_t index) noexcept {
  SlotOf(out).Post(wire::Kind::kTruncated, [&](wire::Writer& writer) { writer.U32(index); });
}

void Usage(const dsw_embed_out* out, const dsw_usage* usage) noexcept {
  SlotOf(out).Post(wire::Kind::kUsage, [&](wire::Writer& writer) { writer.Sized(usage); });
}

Outcome Embed(const Served& served, wire::Reader& call) {
  dsw_embed_request request{};
  request.struct_size = sizeof request;
  request.flags = call.U32();
  request.input_type = call.U32();
  request.dimensions = call.U32();
  const std::vector<dsw_str> texts = ReadStrs(call);
  request.texts = texts.data();
  request.text_count = texts.size();
  const dsw_embed_out out{.struct_size = sizeof out,
                          .reserved0 = 0,
                          .ctx = &served.slot,
                          .alloc = &Alloc,
                          .item_error = &ItemError,
                          .item_truncated = &ItemTruncated,
                          .usage = &Usage};
  return Guarded([&](dsw_error* error) {
    return served.instance.provider->embedder->embed(served.instance.handle, &served.call, &request,
                                                     &out, error);
  });
}

}  // namespace

void ServeEmbedder(const Served& served, wire::Op op, wire::Reader& call, wire::Writer& done) {
  const dsw_embedder_ops& ops = *served.instance.provider->embedder;
  void* const handle = served.instance.handle;
  if (op == wire::Op::kEmbed) {
    Write(done, Embed(served, call));
  } else if (op == wire::Op::kDescribe) {
    dsw_model_facts facts{};
    facts.struct_size = sizeof facts;
    Write(done, Guarded([&](dsw_error* error) {
            return ops.describe(handle, &served.call, &facts, error);
          }));
    facts.struct_size = sizeof facts;
    done.Sized(&facts);
  } else if (op == wire::Op::kEmbedHealth) {
    Write(done, Guarded([&](dsw_error* error) { return ops.health(handle, &served.call, error); }));
  } else {
    Write(done, Failure(DSW_E_UNSUPPORTED, "no operation of an embedder"));
  }
}

}  // namespace dsw::runner
