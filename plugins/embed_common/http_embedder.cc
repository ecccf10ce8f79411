// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_common/http_embedder.h"

#include <algorithm>

namespace dsw {
namespace {

/// The host's memory of one call.
class HostMatrix final : public VectorMatrix {
 public:
  explicit HostMatrix(const dsw_embed_out& out) : out_(out) {}

  float* Allocate(std::uint32_t rows, std::uint32_t dimensions) override {
    float* const floats = out_.alloc(&out_, rows, dimensions);
    if (floats == nullptr) {
      throw Failure(DSW_E_CONFLICT, "the service answers with vectors of " +
                                        std::to_string(dimensions) +
                                        " floats, which do not fit what was stored before");
    }
    return floats;
  }

 private:
  const dsw_embed_out& out_;
};

/// More than any well-meant answer takes: the widest text form of a double for each float, all
/// texts echoed with every byte escaped, and a margin.
std::uint64_t MostResponseBytes(const EmbedPost& post, const dsw_embed_request& request) {
  constexpr std::uint64_t kBytesPerFloat = 32;
  constexpr std::uint64_t kUnknownDimensions = 8192;
  constexpr std::uint64_t kMargin = 1 << 20;
  const std::uint64_t dimensions = post.dimensions != 0 ? post.dimensions : kUnknownDimensions;
  return request.text_count * dimensions * kBytesPerFloat + 6 * post.body.size() + kMargin;
}

/// Says a timeout in the words that people search for: "Embedder API timeout after 60s: …".
HttpResponse Perform(const Http& http, const dsw_call& call, const HttpRequest& request) {
  try {
    return http.Perform(call, request);
  } catch (const Failure& failure) {
    const std::string_view text = failure.error().message;
    const std::size_t timeout = text.find("timeout after ");
    if (failure.error().category != DSW_E_TIMEOUT || timeout == std::string_view::npos) throw;
    std::string message = "Embedder API " + std::string(text.substr(timeout));
    const std::string_view where = text.substr(0, timeout);
    if (!where.empty()) message += ": " + std::string(where.substr(0, where.find_last_of(":")));
    throw Failure(DSW_E_TIMEOUT, message);
  }
}

}  // namespace

Failure RefusalOf(const Http& http, const HttpResponse& response, Refine refine) {
  Failure failure = http.Classify(response);
  if (refine != nullptr) {
    const dsw_http_response& raw = response.raw();
    refine(ParseUpstreamError(raw.status, response.body(), raw.headers, raw.header_count), failure);
  }
  return failure;
}

void PostEmbeddings(const Http& http, const dsw_call& call, const EmbedPost& post,
                    const dsw_embed_request& request, const dsw_embed_out& out) {
  HttpRequest exchange;
  exchange.url = post.url;
  for (const HeaderField& header : post.headers) exchange.Header(header.name, header.value);
  exchange.body.push_back(Str(post.body));
  exchange.max_response_bytes = MostResponseBytes(post, request);
  const HttpResponse response = Perform(http, call, exchange);
  if (!response.ok()) throw RefusalOf(http, response, post.refine);

  TokenUsage tokens;
  try {
    HostMatrix matrix(out);
    tokens = ReadEmbeddings(response.body(), {request.text_count, post.dimensions}, matrix);
  } catch (Failure& failure) {
    throw failure.HttpStatus(response.status()).RequestId(response.header("x-request-id"));
  }
  dsw_usage usage{};
  usage.struct_size = sizeof usage;
  usage.upstream_requests = 1;
  usage.prompt_tokens = tokens.prompt;
  usage.total_tokens = tokens.total;
  out.usage(&out, &usage);
}

}  // namespace dsw
