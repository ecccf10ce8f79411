// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_openai/wire.h"

#include "plugins/embed_common/json_text.h"

namespace dsw::openai {
namespace {

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

/// Refusals of the request as it is: too large, too long. True when it was one.
bool RefineSize(const UpstreamError& error, Failure& failure) {
  if (RefineTooLarge(error, failure) || RefineInputTooLong(error, failure)) return true;
  // "'$.input' is invalid": more than 2048 texts, or an empty one, which the worker never sends.
  const bool by_code =
      error.code == "max_tokens_per_request" || error.type == "max_tokens_per_request";
  if (!by_code && !Contains(error.message, "'$.input' is invalid")) return false;
  Recategorise(failure, DSW_E_TOO_LARGE);
  return true;
}

void RefineTooMany(const UpstreamError& error, Failure& failure) {
  if (error.code == "insufficient_quota" || error.type == "insufficient_quota") {
    Recategorise(failure, DSW_E_QUOTA);
    AppendHint(failure, "add credit or raise the limit of the account");
    return;
  }
  if (RefineTooLarge(error, failure)) return;
  if (error.type == "Overloaded") {  // text-embeddings-inference
    Recategorise(failure, DSW_E_OVERLOADED);
    return;
  }
  failure.Category(DSW_E_RATE_LIMITED);
  RefineRetryAfter(error, failure);
}

void RefineKey(const UpstreamError& error, Failure& failure) {
  Recategorise(failure, DSW_E_AUTH);
  if (error.status != 401) return;
  // OpenAI's own words repeat parts of the key.
  ReplaceMessage(failure,
                 "the API key was refused; check OPENAI_API_KEY or the embedder's "
                 "api_key_encrypted");
}

}  // namespace

std::string Body(const Config& config, const dsw_embed_request& request) {
  std::string body;
  body.reserve(EstimateJsonStrings(request.texts, request.text_count) + config.model.size() +
               config.user.size() + config.extra_body.size() + 128);
  body += R"({"model":)";
  AppendJsonString(body, config.model);
  body += R"(,"input":)";
  AppendJsonStrings(body, request.texts, request.text_count);
  if (!config.encoding_format.empty()) {
    body.append(R"(,"encoding_format":")").append(config.encoding_format).append("\"");
  }
  if (const std::uint32_t dimensions = WantedDimensions(config, request)) {
    body.append(R"(,"dimensions":)").append(std::to_string(dimensions));
  }
  if (!config.user.empty()) {
    body += R"(,"user":)";
    AppendJsonString(body, config.user);
  }
  return body.append(config.extra_body).append("}");
}

void Refine(const UpstreamError& error, Failure& failure) {
  switch (error.status) {
    case 400:
    case 413:
    case 422:
      if (RefineSize(error, failure)) return;
      break;
    case 401:
    case 403:
      return RefineKey(error, failure);
    case 404:
      if (error.code == "model_not_found") Recategorise(failure, DSW_E_NOT_FOUND);
      break;
    case 429:
      RefineTooMany(error, failure);
      if (failure.error().category != DSW_E_RATE_LIMITED) return;
      break;
    case 503:
      if (Contains(error.message, "overloaded") || Contains(error.message, "Slow Down")) {
        failure.Category(DSW_E_OVERLOADED);
      }
      break;
    default:
      break;
  }
  const std::string_view should_retry = error.Header("x-should-retry");
  if (should_retry == "true" || should_retry == "false") failure.Retryable(should_retry == "true");
}

}  // namespace dsw::openai
