// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_internal/embedder.h"

#include <algorithm>
#include <utility>

#include "plugins/embed_common/http_embedder.h"
#include "plugins/embed_internal/wire.h"

namespace dsw::self_hosted {
namespace {

std::string Listed(const std::vector<std::string>& models) {
  constexpr std::size_t kMost = 10;
  std::string list;
  for (std::size_t i = 0; i < std::min(models.size(), kMost); ++i) {
    list += (i > 0 ? ", " : "") + models[i];
  }
  if (models.size() > kMost) list += ", …";
  return list;
}

}  // namespace

InternalEmbedder::InternalEmbedder(const dsw_host& host, std::string_view config_json)
    : host_(host), http_(host), config_(ReadConfig(config_json)) {}

void InternalEmbedder::Embed(const dsw_call& call, const dsw_embed_request& request,
                             const dsw_embed_out& out) {
  const RoutePtr route = FindRoute(call);
  RoutePtr corrected;
  try {
    return Post(call, *route, request, out);
  } catch (const Failure& failure) {
    corrected = Correct(call, *route, failure);
    if (corrected == nullptr) throw;
  }
  Post(call, *corrected, request, out);
}

void InternalEmbedder::Describe(const dsw_call& call, dsw_model_facts& facts) {
  const RoutePtr route = FindRoute(call);
  const ServerFacts& server = route->facts;
  const DialectLimits limits = LimitsOf(route->dialect);
  dsw_model_facts result = config_.facts;
  if (config_.dimensions == 0 && server.dimensions != 0) result.dimensions = server.dimensions;
  if (!config_.max_tokens_set && server.max_tokens != 0) result.max_tokens = server.max_tokens;
  const std::uint32_t most = server.max_batch != 0 ? server.max_batch : limits.max_batch;
  if (result.max_batch == 0 || (server.max_batch != 0 && server.max_batch < result.max_batch)) {
    result.max_batch = most;
  }
  if (!config_.max_concurrency_set) {
    result.max_concurrency =
        server.max_concurrency != 0 ? server.max_concurrency : limits.max_concurrency;
  }
  result.max_request_bytes = limits.max_request_bytes;
  PutFacts(result, facts);
}

InternalEmbedder::RoutePtr InternalEmbedder::FindRoute(const dsw_call& call) {
  {
    const std::lock_guard lock(mutex_);
    if (route_ != nullptr) return route_;
  }
  if (!config_.dialect) return AskAll(call);
  if (!config_.dialect_set && config_.address.maybe_tei) {
    if (auto facts = Ask(call, Dialect::kTei)) return Keep(call, Dialect::kTei, std::move(facts));
  }
  const Dialect dialect = *config_.dialect;
  return Keep(call, dialect, dialect == Dialect::kEmbed ? std::nullopt : Ask(call, dialect));
}

InternalEmbedder::RoutePtr InternalEmbedder::AskAll(const dsw_call& call) {
  for (const Dialect dialect : kProbeOrder) {
    if (auto facts = Ask(call, dialect)) return Keep(call, dialect, std::move(facts));
  }
  return Keep(call, Dialect::kEmbed, std::nullopt);
}

std::optional<ServerFacts> InternalEmbedder::Ask(const dsw_call& call, Dialect dialect) {
  constexpr std::uint64_t kLongest = 4u << 20;
  const std::string url = ProbeUrl(config_.address, dialect);
  HttpRequest request;
  request.method = "GET";
  request.url = url;
  for (const HeaderField& header : config_.headers) {
    if (header.name != "Content-Type") request.Header(header.name, header.value);
  }
  request.max_response_bytes = kLongest;
  const HttpResponse response = http_.Perform(call, request);
  const int status = response.status();
  if (status == 200) return ReadProbe(dialect, response.body(), config_.model);
  if (status >= 500 || status == 401 || status == 403 || status == 408 || status == 429) {
    throw RefusalOf(http_, response, nullptr);
  }
  return std::nullopt;
}

InternalEmbedder::RoutePtr InternalEmbedder::Keep(const dsw_call& call, Dialect dialect,
                                                  std::optional<ServerFacts> facts) {
  Route route{dialect, PostUrl(config_.address, dialect), facts.value_or(ServerFacts{})};
  ServerFacts& own = route.facts;
  if (own.model.empty()) own.model = config_.model;
  const std::string where = "internal: " + config_.address.root;
  Log(host_, &call, DSW_LOG_INFO, where + " speaks dialect " + std::string(DialectName(dialect)));
  if (own.model != config_.model) {
    Log(host_, &call, DSW_LOG_INFO, where + " has model " + config_.model + " as " + own.model);
  }
  if (dialect == Dialect::kTei && !own.models.empty() && own.models.front() != config_.model) {
    Log(host_, &call, DSW_LOG_WARN,
        where + " serves model " + own.models.front() + ", not " + config_.model);
  }
  const std::lock_guard lock(mutex_);
  route_ = std::make_shared<const Route>(std::move(route));
  return route_;
}

InternalEmbedder::RoutePtr InternalEmbedder::Correct(const dsw_call& call, const Route& route,
                                                     const Failure& failure) {
  const dsw_error& error = failure.error();
  if (config_.dialect_set || error.code != kWrongDialect) return nullptr;
  if (route.dialect == Dialect::kEmbed && error.http_status == 422) {
    return Keep(call, Dialect::kTei, Ask(call, Dialect::kTei));
  }
  if (config_.dialect) return nullptr;
  {
    // What was found is wrong, or the server is another one by now.
    const std::lock_guard lock(mutex_);
    route_.reset();
  }
  RoutePtr other = AskAll(call);
  return other->dialect == route.dialect ? nullptr : other;
}

void InternalEmbedder::Post(const dsw_call& call, const Route& route,
                            const dsw_embed_request& request, const dsw_embed_out& out) const {
  const std::string body = Body(config_, route.dialect, route.facts, request);
  std::uint32_t expected = ExpectedDimensions(config_, request);
  if (request.dimensions == 0 && config_.dimensions == 0 && route.facts.dimensions != 0) {
    expected = route.facts.dimensions;
  }
  const EmbedPost post{route.url, config_.headers, body, expected, RefineOf(route.dialect)};
  try {
    PostEmbeddings(http_, call, post, request, out);
  } catch (Failure& failure) {
    if (failure.error().category == DSW_E_NOT_FOUND && !route.facts.models.empty() &&
        failure.error().code != kWrongDialect) {
      AppendHint(failure, "it has " + Listed(route.facts.models));
    }
    throw;
  }
}

}  // namespace dsw::self_hosted
