// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_internal/wire.h"

#include "plugins/embed_common/json_text.h"
#include "plugins/embed_common/refusal_text.h"

namespace dsw::self_hosted {
namespace {

constexpr std::string_view kDialectHint =
    "the server at base_url speaks another API: set \"dialect\" to fastembed, tei, ollama, "
    "openai "
    "or embed";

bool Says(const UpstreamError& error, std::string_view part) {
  return error.message.find(part) != std::string::npos;
}

void WrongDialect(Failure& failure, dsw_status category) {
  Recategorise(failure, category);
  failure.UpstreamCode(kWrongDialect);
  AppendHint(failure, kDialectHint);
}

/// What all dialects have in common.
void RefineSizes(const UpstreamError& error, Failure& failure) {
  if (error.status == 413) Recategorise(failure, DSW_E_TOO_LARGE);
  if (error.status >= 500) return;
  if (!RefineTooLarge(error, failure)) RefineInputTooLong(error, failure);
}

void RefineFastEmbed(const UpstreamError& error, Failure& failure) {
  switch (error.status) {
    case 400:
      if (error.code == "UNSUPPORTED_MODEL") {
        Recategorise(failure, DSW_E_NOT_FOUND);
      } else if (Says(error, "Json deserialize error: missing field")) {
        WrongDialect(failure, DSW_E_INVALID_REQUEST);
      } else {
        RefineSizes(error, failure);
      }
      return;
    case 404:
      return WrongDialect(failure, DSW_E_NOT_FOUND);
    case 503:
      // Its queue is full or its memory short: fewer calls at a time, after Retry-After.
      failure.Category(DSW_E_OVERLOADED);
      return;
    default:
      return RefineSizes(error, failure);
  }
}

void RefineTei(const UpstreamError& error, Failure& failure) {
  switch (error.status) {
    case 404:
      return WrongDialect(failure, DSW_E_NOT_FOUND);
    case 422:
      if (Says(error, "Failed to deserialize")) {
        return WrongDialect(failure, DSW_E_INVALID_REQUEST);
      }
      return RefineSizes(error, failure);
    case 424:  // The model's backend failed.
      Recategorise(failure, DSW_E_UNAVAILABLE);
      failure.Retryable(true);
      return;
    case 429:
      failure.Category(DSW_E_OVERLOADED);
      return;
    default:
      return RefineSizes(error, failure);
  }
}

void RefineOllama(const UpstreamError& error, Failure& failure) {
  switch (error.status) {
    case 400:
      if (RefineInputTooLong(error, failure)) return;
      if (Says(error, "model is required") || Says(error, "invalid")) return;
      // Errors without a status of their own come as 400: a runner that crashed, out of memory.
      Recategorise(failure, DSW_E_BAD_RESPONSE);
      failure.Retryable(true);
      return;
    case 404:
      if (!Says(error, "model")) return WrongDialect(failure, DSW_E_NOT_FOUND);
      return Recategorise(failure, DSW_E_NOT_FOUND);
    case 499:
      Recategorise(failure, DSW_E_UNAVAILABLE);
      failure.Retryable(true);
      return;
    case 503:
      failure.Category(DSW_E_OVERLOADED);
      return;
    default:
      return RefineSizes(error, failure);
  }
}

void RefineOpenAi(const UpstreamError& error, Failure& failure) {
  switch (error.status) {
    case 404:
      if (!Says(error, "model")) return WrongDialect(failure, DSW_E_NOT_FOUND);
      return Recategorise(failure, DSW_E_NOT_FOUND);
    case 429:
      if (!RefineTooLarge(error, failure)) RefineRetryAfter(error, failure);
      return;
    default:
      return RefineSizes(error, failure);
  }
}

void RefineEmbed(const UpstreamError& error, Failure& failure) {
  if (error.status == 404 || (error.status == 422 && Says(error, "missing field `inputs`"))) {
    return WrongDialect(failure, error.status == 404 ? DSW_E_NOT_FOUND : DSW_E_INVALID_REQUEST);
  }
  RefineSizes(error, failure);
}

void AppendMember(std::string& body, std::string_view name, std::string_view text) {
  body.append(",\"").append(name).append("\":");
  AppendJsonString(body, text);
}

void AppendMember(std::string& body, std::string_view name, bool value) {
  body.append(",\"").append(name).append(value ? "\":true" : "\":false");
}

void AppendTeiOptions(std::string& body, const Config& config) {
  AppendMember(body, "truncate", config.truncate.value_or(true));
  if (!config.truncation_direction.empty()) {
    AppendMember(body, "truncation_direction", config.truncation_direction);
  }
  if (!config.prompt_name.empty()) AppendMember(body, "prompt_name", config.prompt_name);
  if (config.normalize) AppendMember(body, "normalize", *config.normalize);
}

void AppendOllamaOptions(std::string& body, const Config& config) {
  if (config.truncate) AppendMember(body, "truncate", *config.truncate);
  if (!config.keep_alive.empty()) AppendMember(body, "keep_alive", config.keep_alive);
  if (!config.options_json.empty()) body += ",\"options\":" + config.options_json;
}

}  // namespace

std::string Body(const Config& config, Dialect dialect, const ServerFacts& facts,
                 const dsw_embed_request& request) {
  std::string body;
  body.reserve(256 + EstimateJsonStrings(request.texts, request.text_count));
  body += dialect == Dialect::kFastEmbed ? "{\"texts\":"
          : dialect == Dialect::kTei     ? "{\"inputs\":"
                                         : "{\"input\":";
  AppendJsonStrings(body, request.texts, request.text_count);
  if (dialect != Dialect::kTei) AppendMember(body, "model", facts.model);
  const bool sizes = dialect != Dialect::kFastEmbed && dialect != Dialect::kEmbed;
  const std::uint32_t dimensions = WantedDimensions(config, request);
  if (sizes && dimensions != 0) body += ",\"dimensions\":" + std::to_string(dimensions);
  if (dialect == Dialect::kTei) AppendTeiOptions(body, config);
  if (dialect == Dialect::kOllama) AppendOllamaOptions(body, config);
  if (dialect == Dialect::kOpenAi) {
    const bool base64 =
        config.encoding_format.empty() ? facts.base64 : config.encoding_format == "base64";
    AppendMember(body, "encoding_format", std::string_view(base64 ? "base64" : "float"));
  }
  return body += '}';
}

Refine RefineOf(Dialect dialect) {
  switch (dialect) {
    case Dialect::kFastEmbed:
      return &RefineFastEmbed;
    case Dialect::kTei:
      return &RefineTei;
    case Dialect::kOllama:
      return &RefineOllama;
    case Dialect::kOpenAi:
      return &RefineOpenAi;
    case Dialect::kEmbed:
      break;
  }
  return &RefineEmbed;
}

}  // namespace dsw::self_hosted
