// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/http_error.h"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host/base/ascii.h"
#include "host/base/secret.h"
#include "host/base/utf8.h"
#include "host/plugin/errors.h"
#include "host/plugin/retry_after.h"

namespace dsw {
namespace {

using nlohmann::json;

/// Of a body that is no JSON, and of a message.
constexpr std::size_t kMostTextBytes = 500;
/// Of a body that is looked into; error bodies are small.
constexpr std::size_t kMostBodyBytes = 256 * 1024;

dsw_status CategoryOf(int status) {
  switch (status) {
    case 401:
    case 403:
    case 498:  // Cohere's deny-listed token.
      return DSW_E_AUTH;
    case 402:
    case 507:
      return DSW_E_QUOTA;
    case 404:
    case 410:
      return DSW_E_NOT_FOUND;
    case 408:
    case 504:
      return DSW_E_TIMEOUT;
    case 409:
      return DSW_E_CONFLICT;
    case 413:
      return DSW_E_TOO_LARGE;
    case 425:
    case 499:
      return DSW_E_UNAVAILABLE;
    case 429:
      return DSW_E_RATE_LIMITED;
    case 501:
      return DSW_E_INVALID_REQUEST;
    case 503:
    case 529:
      return DSW_E_OVERLOADED;
    default:
      if (status >= 500) return DSW_E_UNAVAILABLE;
      if (status >= 300) return DSW_E_INVALID_REQUEST;
      return DSW_E_BAD_RESPONSE;
  }
}

std::string_view Header(const HttpResponse& response, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    for (const HttpHeader& header : response.headers) {
      if (header.name == name && !header.value.empty()) return header.value;
    }
  }
  return {};
}

std::string TextAt(const json& object, const char* member) {
  const auto found = object.find(member);
  if (found == object.end() || !found->is_string()) return {};
  return found->get<std::string>();
}

struct Explanation {
  std::string message;
  std::string code;
};

/// The forms in use: {"error": {"message", "code", "type"}}, {"error": "…"}, {"message"},
/// {"detail": "…" or [{"msg"}]}, {"status": {"error"}}.
Explanation FromJson(const json& body) {
  Explanation found;
  if (!body.is_object()) return found;
  const json* object = &body;
  for (const char* wrapper : {"error", "status"}) {
    const auto inner = body.find(wrapper);
    if (inner != body.end() && inner->is_object()) {
      object = &*inner;
      break;
    }
  }
  for (const char* member : {"message", "detail", "error"}) {
    found.message = TextAt(*object, member);
    if (!found.message.empty()) break;
  }
  if (found.message.empty()) {
    const auto detail = body.find("detail");
    if (detail != body.end() && detail->is_array() && !detail->empty() &&
        detail->front().is_object()) {
      found.message = TextAt(detail->front(), "msg");
    }
  }
  for (const char* member : {"code", "error_type", "type"}) {
    found.code = TextAt(*object, member);
    if (!found.code.empty()) break;
  }
  return found;
}

std::string Trimmed(std::string_view text) {
  return CleanUtf8(Trim(text).substr(0, kMostTextBytes));
}

std::string FromText(std::string_view body) {
  const std::string head = LowerCase(body.substr(0, 2048));
  if (head.find("<html") == std::string::npos && head.find("<!doctype") == std::string::npos) {
    return Trimmed(body);
  }
  const std::size_t open = head.find("<title>");
  const std::size_t close = head.find("</title>");
  if (open == std::string::npos || close == std::string::npos || close < open) {
    return "an HTML page instead of an answer";
  }
  const std::size_t start = open + std::string_view("<title>").size();
  return fmt::format("an HTML page instead of an answer, titled \"{}\"",
                     Trimmed(body.substr(start, close - start)));
}

Explanation Explain(std::string_view body) {
  body = body.substr(0, kMostBodyBytes);
  Explanation found = FromJson(json::parse(body, nullptr, /*allow_exceptions=*/false));
  if (found.message.empty()) found.message = FromText(body);
  return found;
}

/// Services repeat a refused key, masked or not; neither belongs into a log.
std::string WithoutKeys(const std::string& text) {
  std::string clean;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find_first_of(" \t\r\n\"',;()", at), text.size());
    const std::string word = text.substr(at, end - at);
    const bool prefixed = word.starts_with("sk-") || word.starts_with("pa-") ||
                          word.starts_with("al-") || word.starts_with("jina_");
    const bool key = prefixed || word.find("***") != std::string::npos;
    clean += key ? "***" : word;
    if (end < text.size()) clean += text[end];
    at = end + 1;
  }
  return clean;
}

std::string MessageFor(int status, const std::string& explanation) {
  std::string prefix;
  if (status == 429) prefix = "Rate limit exceeded: 429 Too Many Requests";
  if (status >= 300 && status < 400) {
    prefix = "the address answers with a redirect, which is not followed; correct base_url";
  }
  if (prefix.empty()) {
    return explanation.empty() ? "the service gave no reason" : explanation;
  }
  return explanation.empty() ? prefix : prefix + ": " + explanation;
}

template <std::size_t N>
void Put(char (&target)[N], std::string_view text) {
  const std::string whole = CleanUtf8(text);
  std::size_t size = std::min(whole.size(), N - 1);
  while (size < whole.size() && size > 0 &&
         (static_cast<unsigned char>(whole[size]) & 0xC0u) == 0x80u) {
    --size;
  }
  whole.copy(target, size);
  target[size] = '\0';
}

}  // namespace

dsw_error ClassifyHttp(const HttpResponse& response, std::chrono::system_clock::time_point now) {
  dsw_error error = EmptyError();
  error.category = CategoryOf(response.status);
  error.http_status = response.status;

  auto wait = ParseRetryAfterMs(Header(response, {"retry-after-ms"}));
  if (!wait) wait = ParseRetryAfter(Header(response, {"retry-after"}), now);
  if (wait) error.retry_after_ms = wait->count();

  const std::string_view should_retry = Header(response, {"x-should-retry"});
  if (should_retry == "true") error.flags |= DSW_ERR_HAS_RETRYABLE | DSW_ERR_RETRYABLE;
  if (should_retry == "false") error.flags |= DSW_ERR_HAS_RETRYABLE;

  const Explanation explanation = Explain(response.body());
  Put(error.code, explanation.code);
  Put(error.request_id,
      Header(response, {"x-request-id", "request-id", "x-debug-trace-id", "x-trace-id"}));
  Put(error.message,
      Redact(WithoutKeys(MessageFor(response.status, Trimmed(explanation.message)))));
  return error;
}

}  // namespace dsw
