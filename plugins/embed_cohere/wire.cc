// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_cohere/wire.h"

#include <optional>
#include <string_view>

#include "plugins/embed_common/json_text.h"
#include "plugins/embed_common/refusal_text.h"

namespace dsw::cohere {
namespace {

std::string_view InputType(const Config& config, const dsw_embed_request& request) {
  const bool query = request.input_type == DSW_INPUT_QUERY;
  // Vectors of documents and of questions belong together: naming one of the pair means the pair.
  if (config.input_type.empty() || config.input_type == "search_document") {
    return query ? "search_query" : "search_document";
  }
  return config.input_type;
}

bool Says(const UpstreamError& error, std::string_view part) {
  return error.message.find(part) != std::string::npos;
}

void RefineBadRequest(const UpstreamError& error, Failure& failure) {
  if (Says(error, "too many tokens")) {
    Recategorise(failure, DSW_E_INPUT_TOO_LONG);
    if (const auto item = FindItem(error.message)) failure.Item(*item);
    return;
  }
  if (Says(error, "empty string")) {
    Recategorise(failure, DSW_E_INVALID_REQUEST);
    if (const auto item = FindItem(error.message)) failure.Item(*item);
    return;
  }
  if (Says(error, "input_type")) {
    Recategorise(failure, DSW_E_INVALID_CONFIG);
    return;
  }
  RefineTooLarge(error, failure);
}

}  // namespace

std::string Body(const Config& config, const dsw_embed_request& request) {
  const std::uint32_t dimensions = WantedDimensions(config, request);
  if (dimensions != 0 && config.api_version == 1) {
    throw Failure(DSW_E_INVALID_REQUEST,
                  "cohere: version 1 of the API has no choice of dimensions; set \"api_version\": "
                  "\"v2\"");
  }
  std::string body = "{\"model\":";
  body.reserve(256 + EstimateJsonStrings(request.texts, request.text_count));
  AppendJsonString(body, config.model);
  body += ",\"input_type\":\"";
  body += InputType(config, request);
  body +=
      config.base64 ? "\",\"embedding_types\":[\"base64\"]" : "\",\"embedding_types\":[\"float\"]";
  if (!config.truncate.empty()) body += ",\"truncate\":\"" + config.truncate + '"';
  if (config.max_tokens) body += ",\"max_tokens\":" + std::to_string(*config.max_tokens);
  if (dimensions != 0) body += ",\"output_dimension\":" + std::to_string(dimensions);
  if (config.priority) body += ",\"priority\":" + std::to_string(*config.priority);
  body += ",\"texts\":";
  AppendJsonStrings(body, request.texts, request.text_count);
  return body += '}';
}

void Refine(const UpstreamError& error, Failure& failure) {
  switch (error.status) {
    case 400:
      return RefineBadRequest(error, failure);
    case 402:
      return Recategorise(failure, DSW_E_QUOTA);
    case 404:
      return Recategorise(failure, DSW_E_NOT_FOUND);
    case 422:
      return Recategorise(failure, DSW_E_INVALID_REQUEST);
    case 429:
      // Per month: nothing that waiting would help.
      if (Says(error, "month")) {
        Recategorise(failure, DSW_E_QUOTA);
      } else {
        RefineRetryAfter(error, failure);
      }
      return;
    case 498:  // The key is on a list of those that are refused.
      return Recategorise(failure, DSW_E_AUTH);
    case 499:  // Cancelled on the service's side.
      Recategorise(failure, DSW_E_UNAVAILABLE);
      failure.Retryable(true);
      return;
    case 501:
      return Recategorise(failure, DSW_E_UNSUPPORTED);
    default:
      return;
  }
}

}  // namespace dsw::cohere
