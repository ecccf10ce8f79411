// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_common/upstream_error.h"

#include <optional>

#include <nlohmann/json.hpp>

#include "plugins/embed_common/refusal_text.h"

namespace dsw {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kLargestError = 256 * 1024;
constexpr std::size_t kLongestMessage = 500;

/// Text and numbers as text; empty for all else.
std::string Text(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return {};
  if (found->is_string()) return found->get<std::string>();
  if (found->is_number_integer()) return found->dump();
  return {};
}

/// The first of a list of objects under `key`, or null.
const Json* FirstOf(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_array() || found->empty()) return nullptr;
  return found->front().is_object() ? &found->front() : nullptr;
}

std::string JoinPath(const Json& parts) {
  std::string path;
  if (!parts.is_array()) return path;
  for (const Json& part : parts) {
    // What is nested could be nested deeply, and is no step of a path.
    if (part.is_structured()) continue;
    if (!path.empty()) path += '.';
    path += part.is_string() ? part.get<std::string>() : part.dump();
  }
  return path;
}

/// {"message", "type", "param", "code"}, nested in "error" or not.
void ReadFields(const Json& object, UpstreamError& error) {
  const auto keep = [&](std::string& field, const char* key) {
    if (field.empty()) field = Text(object, key);
  };
  keep(error.message, "message");
  keep(error.message, "error");
  keep(error.message, "detail");
  keep(error.type, "type");
  keep(error.type, "error_type");
  keep(error.code, "code");
  keep(error.param, "param");
}

/// "errors": [{"field", "message"}] and "detail": [{"loc", "msg"}], of pydantic.
void ReadFieldErrors(const Json& object, UpstreamError& error) {
  if (const Json* first = FirstOf(object, "errors")) {
    if (error.param.empty()) error.param = Text(*first, "field");
    const std::string message = Text(*first, "message");
    if (error.message.find(message) == error.message.npos) error.message += ": " + message;
  }
  if (const Json* first = FirstOf(object, "detail")) {
    if (const auto place = first->find("loc"); place != first->end()) {
      error.param = JoinPath(*place);
    }
    if (error.message.empty()) error.message = Text(*first, "msg");
  }
}

bool IsMarkup(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != text.npos && text[first] == '<';
}

}  // namespace

std::string_view UpstreamError::Header(std::string_view name) const {
  for (std::size_t i = 0; i < header_count; ++i) {
    if (View(headers[i].key) == name) return View(headers[i].value);
  }
  return {};
}

UpstreamError ParseUpstreamError(int status, std::string_view body, const dsw_kv* headers,
                                 std::size_t header_count) {
  UpstreamError error;
  error.status = status;
  error.headers = headers;
  error.header_count = header_count;
  Json root;
  if (body.size() <= kLargestError) {
    root = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  }
  if (root.is_object()) {
    const auto nested = root.find("error");
    if (nested != root.end() && nested->is_object()) ReadFields(*nested, error);
    ReadFields(root, error);
    ReadFieldErrors(root, error);
  } else if (root.is_string()) {
    error.message = root.get<std::string>();
  } else if (!IsMarkup(body)) {
    error.message = body.substr(0, kLongestMessage);
  }
  return error;
}

void Recategorise(Failure& failure, dsw_status category) {
  dsw_error error = failure.error();
  error.category = category;
  error.flags &= ~(DSW_ERR_RETRYABLE | DSW_ERR_HAS_RETRYABLE);
  error.retry_after_ms = -1;
  error.limit = error.asked = 0;
  error.limit_unit = DSW_LIMIT_NONE;
  failure = Failure(error);
}

void ReplaceMessage(Failure& failure, std::string_view message) {
  dsw_error error = failure.error();
  abi_detail::CopyText(error.message, sizeof error.message, message);
  failure = Failure(error);
}

void AppendHint(Failure& failure, std::string_view hint) {
  // Room for the hint, which is what helps, whatever the length of the upstream's words.
  constexpr std::size_t kRoom = sizeof failure.error().message - 3;
  std::string message = failure.what();
  if (message.size() + hint.size() > kRoom) {
    message.resize(hint.size() < kRoom ? kRoom - hint.size() : 0);
    while (!message.empty() && (static_cast<unsigned char>(message.back()) & 0xc0) == 0x80) {
      message.pop_back();
    }
    if (!message.empty() && static_cast<unsigned char>(message.back()) >= 0xc0) message.pop_back();
  }
  if (!message.empty()) message += "; ";
  ReplaceMessage(failure, message.append(hint));
}

bool RefineTooLarge(const UpstreamError& error, Failure& failure) {
  const std::optional<SizeRefusal> refusal = FindSizeRefusal(error.message);
  if (!refusal) return false;
  Recategorise(failure, DSW_E_TOO_LARGE);
  // Without a number there is no limit to speak of.
  if (refusal->allowed > 0) failure.Limit(refusal->unit, refusal->allowed, refusal->asked);
  return true;
}

bool RefineInputTooLong(const UpstreamError& error, Failure& failure) {
  if (!SaysInputTooLong(error.message)) return false;
  Recategorise(failure, DSW_E_INPUT_TOO_LONG);
  std::optional<std::size_t> item = FindItem(error.param);
  if (!item) item = FindItem(error.message);
  if (item) failure.Item(*item);
  return true;
}

void RefineRetryAfter(const UpstreamError& error, Failure& failure) {
  if (failure.error().retry_after_ms >= 0) return;
  if (const auto wait = FindRetryAfterMs(error.message)) failure.RetryAfterMs(*wait);
}

}  // namespace dsw
