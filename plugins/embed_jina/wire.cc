// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_jina/wire.h"

#include "plugins/embed_common/json_text.h"

namespace dsw::jina {
namespace {

struct CodeRow {
  std::string_view code;
  dsw_status category;
};

constexpr CodeRow kCodes[] = {
    {"INPUT_MODEL_NOT_FOUND", DSW_E_NOT_FOUND},    {"AUTH_MISSING_API_KEY", DSW_E_AUTH},
    {"AUTH_INVALID_API_KEY", DSW_E_AUTH},          {"AUTH_INVALID_FORMAT", DSW_E_AUTH},
    {"AUTHZ_INSUFFICIENT_BALANCE", DSW_E_QUOTA},   {"AUTHZ_RESOURCE_LIMIT_EXCEEDED", DSW_E_QUOTA},
    {"CONFLICT_RESOURCE_BUSY", DSW_E_UNAVAILABLE}, {"INTERNAL_ERROR", DSW_E_UNAVAILABLE},
    {"SERVICE_UNAVAILABLE", DSW_E_UNAVAILABLE},    {"SERVICE_TIMEOUT", DSW_E_TIMEOUT},
};

void RefineTooMany(const UpstreamError& error, Failure& failure) {
  const bool concurrency = error.code == "RATE_CONCURRENCY_LIMIT_EXCEEDED" ||
                           error.message.find("Concurrency limit") != error.message.npos;
  failure.Category(concurrency ? DSW_E_OVERLOADED : DSW_E_RATE_LIMITED);
  RefineRetryAfter(error, failure);
}

}  // namespace

std::string Body(const Config& config, const dsw_embed_request& request) {
  std::string body;
  body.reserve(EstimateJsonStrings(request.texts, request.text_count) + config.model.size() + 192);
  body += R"({"model":)";
  AppendJsonString(body, config.model);
  body += R"(,"input":)";
  AppendJsonStrings(body, request.texts, request.text_count);
  body.append(R"(,"embedding_type":")").append(config.embedding_type).append("\"");
  const std::string& task =
      request.input_type == DSW_INPUT_QUERY ? config.query_task : config.document_task;
  if (!task.empty()) {
    body += R"(,"task":)";
    AppendJsonString(body, task);
  }
  if (const std::uint32_t dimensions = WantedDimensions(config, request)) {
    body.append(R"(,"dimensions":)").append(std::to_string(dimensions));
  }
  if (!config.normalized.empty()) body.append(R"(,"normalized":)").append(config.normalized);
  if (!config.truncate.empty()) body.append(R"(,"truncate":)").append(config.truncate);
  return body += "}";
}

void Refine(const UpstreamError& error, Failure& failure) {
  if (error.status == 429) return RefineTooMany(error, failure);
  for (const CodeRow& row : kCodes) {
    if (error.code != row.code) continue;
    const std::int64_t wait = failure.error().retry_after_ms;
    Recategorise(failure, row.category);
    if (row.category == DSW_E_UNAVAILABLE && wait >= 0) failure.RetryAfterMs(wait);
    if (row.category == DSW_E_QUOTA) AppendHint(failure, "top up the account or raise its limit");
    return;
  }
  if (error.status == 400 || error.status == 413 || error.status == 422) {
    if (!RefineTooLarge(error, failure)) RefineInputTooLong(error, failure);
  }
}

}  // namespace dsw::jina
