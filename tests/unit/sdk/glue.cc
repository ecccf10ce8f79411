// SPDX-License-Identifier: Apache-2.0
//
// Instantiates the C++ glue, so that all of it is compiled.
#include <cstdint>
#include <string_view>

#include <dsw/http.hpp>

dsw_provider EmbedderProvider();
dsw_provider SinkProvider();
int Ask(const dsw_host& host, const dsw_call& call);

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
  void Remove(const dsw_call&, std::string_view, const dsw_str*, std::size_t, std::int64_t = 0) {}
  std::uint64_t Count(const dsw_call&, std::string_view) { return 0; }
  void Health(const dsw_call&) {}
  void Ensure(const dsw_call&, const dsw_collection_spec&, const dsw_collection_out&) {}
  void SetMaker(const dsw_call&, std::string_view, std::string_view) {}
  void Scan(const dsw_call&, std::string_view, std::string_view, std::uint32_t,
            const dsw_scan_out&) {}
  void Search(const dsw_call&, std::string_view, const float*, std::uint32_t, std::uint32_t,
              const dsw_search_out&) {}
};

constexpr dsw_provider MakeProvider() {
  dsw_provider provider{};
  provider.struct_size = sizeof provider;
  return provider;
}

}  // namespace

dsw_provider EmbedderProvider() {
  dsw_provider provider = MakeProvider();
  provider.kind = DSW_KIND_EMBEDDER;
  provider.id = DSW_STR("embedder");
  provider.create = &dsw::Embedder<NoEmbedder>::Create;
  provider.destroy = &dsw::Embedder<NoEmbedder>::Destroy;
  provider.embedder = &dsw::Embedder<NoEmbedder>::kOps;
  return provider;
}

dsw_provider SinkProvider() {
  dsw_provider provider = MakeProvider();
  provider.kind = DSW_KIND_SINK;
  provider.id = DSW_STR("sink");
  provider.create = &dsw::Sink<NoSink>::Create;
  provider.destroy = &dsw::Sink<NoSink>::Destroy;
  provider.sink = &dsw::Sink<NoSink>::kOps;
  provider.get_extension = [](void*, const char* id, std::size_t size) -> const void* {
    const std::string_view wanted(id, size);
    if (wanted == DSW_EXT_COLLECTION) return &dsw::SinkCollection<NoSink>::kOps;
    if (wanted == DSW_EXT_SCAN) return &dsw::SinkScan<NoSink>::kOps;
    return wanted == DSW_EXT_SEARCH ? &dsw::SinkSearch<NoSink>::kOps : nullptr;
  };
  return provider;
}

int Ask(const dsw_host& host, const dsw_call& call) {
  const dsw::Http http(host);
  dsw::HttpRequest request;
  request.url = "https://api.example/";
  request.Header("accept", "application/json");
  request.body.push_back(dsw::Str("{}"));
  const dsw::HttpResponse response = http.Perform(call, request);
  if (!response.ok()) throw http.Classify(response).Item(0).Limit(DSW_LIMIT_ITEMS, 1, 2);
  return static_cast<int>(response.body().size() + response.header("date").size() +
                          response.trailer("grpc-status").size());
}
