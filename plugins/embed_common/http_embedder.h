// SPDX-License-Identifier: Apache-2.0
//
// An embedder over the host's HTTP client, from a provider's configuration and wire format.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <dsw/http.hpp>
#include <dsw/plugin.hpp>

#include "plugins/embed_common/common_config.h"
#include "plugins/embed_common/embedding_reader.h"
#include "plugins/embed_common/upstream_error.h"

namespace dsw {

/// One embedding request, ready to be sent. Borrows all it is given.
struct EmbedPost {
  std::string_view url;
  const std::vector<HeaderField>& headers;
  std::string_view body;
  std::uint32_t dimensions = 0;  ///< That each vector must have; 0 for any.
  Refine refine = nullptr;       ///< Null for the host's reading of errors alone.
};

/// The host's reading of an answer that is not a success, then `refine`'s.
Failure RefusalOf(const Http& http, const HttpResponse& response, Refine refine);

/// Sends `post`, puts the vectors of the answer and its usage into `out`. Throws a Failure when
/// that does not work; one attempt. Thread-safe.
void PostEmbeddings(const Http& http, const dsw_call& call, const EmbedPost& post,
                    const dsw_embed_request& request, const dsw_embed_out& out);

/// For Embedder<> of <dsw/plugin.hpp>. A Provider has
///   using Config = a struct derived from CommonConfig;
///   static Config ReadConfig(const dsw_host&, std::string_view json);   throws Failure
///   static std::string Body(const Config&, const dsw_embed_request&);
///   static void Refine(const UpstreamError&, Failure&);
/// Thread-safe.
template <class Provider>
class HttpEmbedder {
 public:
  HttpEmbedder(const dsw_host& host, std::string_view config_json)
      : http_(host), config_(Provider::ReadConfig(host, config_json)) {}

  void Embed(const dsw_call& call, const dsw_embed_request& request, const dsw_embed_out& out) {
    const std::string body = Provider::Body(config_, request);
    const EmbedPost post{config_.url, config_.headers, body, ExpectedDimensions(config_, request),
                         &Provider::Refine};
    PostEmbeddings(http_, call, post, request, out);
  }

  void Describe(const dsw_call&, dsw_model_facts& facts) const { PutFacts(config_.facts, facts); }

 private:
  const Http http_;
  const typename Provider::Config config_;
};

}  // namespace dsw
