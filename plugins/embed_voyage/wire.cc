// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_voyage/wire.h"

#include "plugins/embed_common/json_text.h"

namespace dsw::voyage {
namespace {

/// Empty when the service shall put nothing before the texts.
std::string_view InputType(const Config& config, const dsw_embed_request& request) {
  if (config.input_type == "none") return {};
  if (!config.input_type.empty()) return config.input_type;
  if (request.input_type == DSW_INPUT_QUERY) return "query";
  if (request.input_type == DSW_INPUT_DOCUMENT) return "document";
  return {};
}

void RefineTooMany(const UpstreamError& error, Failure& failure) {
  failure.Category(DSW_E_RATE_LIMITED);
  RefineRetryAfter(error, failure);
  if (error.message.find("payment method") == error.message.npos) return;
  // Three requests a minute are left.
  constexpr std::int64_t kUnpaidMs = 20'000;
  if (failure.error().retry_after_ms < 0) failure.RetryAfterMs(kUnpaidMs);
  AppendHint(failure, "until then set requests_per_minute to 3 and tokens_per_minute to 10000");
}

}  // namespace

std::string Body(const Config& config, const dsw_embed_request& request) {
  std::string body;
  body.reserve(EstimateJsonStrings(request.texts, request.text_count) + config.model.size() + 192);
  const auto text = [&](const char* name, std::string_view value) {
    if (!value.empty()) body.append(",\"").append(name).append("\":\"").append(value).append("\"");
  };
  body += R"({"model":)";
  AppendJsonString(body, config.model);
  body += R"(,"input":)";
  AppendJsonStrings(body, request.texts, request.text_count);
  text("input_type", InputType(config, request));
  if (!config.truncation.empty()) body.append(R"(,"truncation":)").append(config.truncation);
  if (const std::uint32_t dimensions = WantedDimensions(config, request)) {
    body.append(R"(,"output_dimension":)").append(std::to_string(dimensions));
  }
  text("output_dtype", config.output_dtype);
  if (config.base64) text("encoding_format", "base64");
  return body += "}";
}

void Refine(const UpstreamError& error, Failure& failure) {
  switch (error.status) {
    case 400:
    case 413:
    case 422:
      if (!RefineTooLarge(error, failure)) RefineInputTooLong(error, failure);
      return;
    case 401:
      Recategorise(failure, DSW_E_AUTH);
      AppendHint(failure,
                 "keys that begin with al- are MongoDB Atlas's and need "
                 "\"base_url\": \"https://ai.mongodb.com/v1\"");
      return;
    case 429:
      return RefineTooMany(error, failure);
    default:
      return;
  }
}

}  // namespace dsw::voyage
