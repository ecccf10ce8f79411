// SPDX-License-Identifier: Apache-2.0
//
// Instantiates the C++ glue, so that all of it is compiled.
#include <cstdint>
#include <string_view>

#include <dsw/plugin.hpp>

namespace {

struct NoEmbedder {
  NoEmbedder(const dsw_host&, std::string_view) {}
  void Describe(const dsw_call&, dsw_model_facts&) {}
  void Embed(const dsw_call&, const dsw_embed_request&, const dsw_embed_out&) {}
};

struct NoSink {
  NoSink(const dsw_host&, std::string_view) {}
  void EnsureCollection(const dsw_call&, const dsw_collection_spec&) {}
  void Upsert(const dsw_call&, std::string_view, const dsw_points&) {}
  void Remove(const dsw_call&, std::string_view, const dsw_str*, std::size_t) {}
  std::uint64_t Count(const dsw_call&, std::string_view) { return 0; }
  void Health(const dsw_call&) {}
};

}  // namespace

extern const dsw_provider kEmbedder;
const dsw_provider kEmbedder{sizeof(dsw_provider),
                             DSW_KIND_EMBEDDER,
                             DSW_STR("embedder"),
                             DSW_STR("Embedder"),
                             nullptr,
                             0,
                             0,
                             0,
                             0,
                             &dsw::Embedder<NoEmbedder>::Create,
                             &dsw::Embedder<NoEmbedder>::Destroy,
                             &dsw::Embedder<NoEmbedder>::kOps,
                             nullptr,
                             nullptr};

extern const dsw_provider kSink;
const dsw_provider kSink{sizeof(dsw_provider),
                         DSW_KIND_SINK,
                         DSW_STR("sink"),
                         DSW_STR("Sink"),
                         nullptr,
                         0,
                         0,
                         0,
                         0,
                         &dsw::Sink<NoSink>::Create,
                         &dsw::Sink<NoSink>::Destroy,
                         nullptr,
                         &dsw::Sink<NoSink>::kOps,
                         nullptr};
