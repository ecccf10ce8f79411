// SPDX-License-Identifier: Apache-2.0
#include "plugins/sink_qdrant/rest_client.h"

#include <utility>

#include "plugins/sink_qdrant/errors.h"

namespace dsw::qdrant {
namespace {

/// Whether the arrays and objects of a JSON text are nested in at most `levels`.
bool NestsWithin(std::string_view json, int levels) {
  int depth = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_text) {
      if (c == '\\') ++i;
      in_text = c != '"';
    } else if (c == '"') {
      in_text = true;
    } else if (c == '[' || c == '{') {
      if (++depth > levels) return false;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return true;
}

}  // namespace

HttpResponse RestClient::Send(const dsw_call& call, std::string_view method, std::string_view path,
                              std::vector<dsw_str> body) const {
  const std::string url = config_.rest_url + std::string(path);
  HttpRequest request;
  request.method = method;
  request.url = url;
  request.body = std::move(body);
  if (!request.body.empty()) request.Header("content-type", "application/json");
  // A compressed answer leaves the server in two segments, of which the second waits for our
  // acknowledgement of the first: tens of milliseconds for a few bytes saved.
  request.Header("accept-encoding", "identity");
  if (!config_.api_key.empty()) request.Header("api-key", config_.api_key);
  try {
    return http_.Perform(call, request);
  } catch (const Failure& failure) {
    throw ConnectionFailure(failure, config_.rest_url, "QDRANT_URL");
  }
}

void RestClient::Require(const HttpResponse& response) const {
  if (response.ok()) return;
  const int status = response.status();
  if (status < 400 || ((status == 404 || status == 405) && !IsEnvelope(response.body()))) {
    throw Failure(DSW_E_BAD_RESPONSE, "HTTP " + std::to_string(status) + " from " +
                                          config_.rest_url +
                                          ": that is no answer of Qdrant's REST API; check "
                                          "QDRANT_URL")
        .HttpStatus(status);
  }
  throw RestFailure(status, RefusalText(response.body()), http_.Classify(response));
}

nlohmann::ordered_json RestClient::Result(const HttpResponse& response) const {
  Require(response);
  // To read JSON with ordered members, and to write it, takes stack for every level; Qdrant itself
  // stops at 128.
  constexpr int kDeepest = 1'000;
  nlohmann::ordered_json json;
  if (NestsWithin(response.body(), kDeepest)) {
    json = nlohmann::ordered_json::parse(response.body(), nullptr, /*allow_exceptions=*/false);
  }
  if (!json.is_object() || !json.contains("result")) {
    throw Failure(DSW_E_BAD_RESPONSE, "the answer from " + config_.rest_url +
                                          " is not one of Qdrant's; check QDRANT_URL")
        .HttpStatus(response.status());
  }
  return std::move(json["result"]);
}

}  // namespace dsw::qdrant
