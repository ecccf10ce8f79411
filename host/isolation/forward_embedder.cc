// SPDX-License-Identifier: Apache-2.0
#include "host/isolation/forward_embedder.h"

#include <algorithm>
#include <cstring>

#include "host/isolation/forward.h"

namespace dsw {
namespace {

RemoteInstance& Of(void* instance) {
  return *static_cast<RemoteInstance*>(instance);
}

dsw_status Embed(void* instance, const dsw_call* call, const dsw_embed_request* request,
                 const dsw_embed_out* out, dsw_error* error) {
  return Forward(Of(instance),
                 {.op = wire::Op::kEmbed,
                  .operation = "embed",
                  .call = call,
                  .fill =
                      [&](wire::Writer& writer) {
                        writer.U32(request->flags);
                        writer.U32(request->input_type);
                        writer.U32(request->dimensions);
                        writer.U64(request->text_count);
                        for (std::size_t i = 0; i < request->text_count; ++i) {
                          writer.Text(request->texts[i].ptr, request->texts[i].len);
                        }
                      },
                  .receivers = {.embed = out}},
                 error);
}

dsw_status Describe(void* instance, const dsw_call* call, dsw_model_facts* facts,
                    dsw_error* error) {
  dsw_model_facts read{};
  const dsw_status status = Forward(Of(instance),
                                    {.op = wire::Op::kDescribe,
                                     .operation = "describe",
                                     .call = call,
                                     .results = [&](wire::Reader& reader) { reader.Sized(read); }},
                                    error);
  const std::uint32_t size = facts->struct_size;
  std::memcpy(facts, &read, std::min<std::size_t>(size, sizeof read));
  facts->struct_size = size;
  return status;
}

dsw_status Health(void* instance, const dsw_call* call, dsw_error* error) {
  return Forward(Of(instance), {.op = wire::Op::kEmbedHealth, .operation = "health", .call = call},
                 error);
}

}  // namespace

dsw_embedder_ops RemoteEmbedderOps() {
  return {sizeof(dsw_embedder_ops), 0, &Embed, &Describe, &Health};
}

}  // namespace dsw
