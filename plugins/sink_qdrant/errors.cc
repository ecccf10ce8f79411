// SPDX-License-Identifier: Apache-2.0
#include "plugins/sink_qdrant/errors.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "plugins/sink_qdrant/points.h"

namespace dsw::qdrant {
namespace {

constexpr std::size_t kLongestText = 500;

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// The whole number that follows `mark` in `text`.
std::optional<std::int64_t> NumberAfter(std::string_view text, std::string_view mark) {
  const std::size_t found = text.find(mark);
  if (found == std::string_view::npos) return std::nullopt;
  const char* const begin = text.data() + found + mark.size();
  std::int64_t number = 0;
  if (std::from_chars(begin, text.data() + text.size(), number).ec != std::errc()) {
    return std::nullopt;
  }
  return number;
}

/// A size that was refused, with the text's numbers where it has both.
Failure TooLarge(std::string_view text, std::uint32_t unit, std::optional<std::int64_t> allowed,
                 std::optional<std::int64_t> asked) {
  Failure failure(DSW_E_TOO_LARGE, text);
  if (allowed && *allowed > 0) failure.Limit(unit, *allowed, asked.value_or(0));
  return failure;
}

/// Sizes, of which the text alone tells: they come as 400, as 413 and as 429.
std::optional<Failure> SizeRefusal(int status, std::string_view text) {
  if (Contains(text, "is larger than allowed")) {
    return TooLarge(text, DSW_LIMIT_BYTES, NumberAfter(text, "(limit: "),
                    NumberAfter(text, "JSON payload ("));
  }
  if (Contains(text, "message length too large")) {
    return TooLarge(text, DSW_LIMIT_BYTES, NumberAfter(text, "the limit is: "),
                    NumberAfter(text, "found "));
  }
  if (Contains(text, "Limit exceeded") &&
      (Contains(text, "\"upsert limit\"") || Contains(text, "\"limit\""))) {
    return TooLarge(text, DSW_LIMIT_ITEMS, NumberAfter(text, " > "),
                    NumberAfter(text, "Limit exceeded "));
  }
  if (Contains(text, "split your request") || status == 413) {
    return Failure(DSW_E_TOO_LARGE, text);
  }
  return std::nullopt;
}

dsw_status CategoryOf(int status, std::string_view text) {
  // The last two are limits of strict mode.
  if (Contains(text, "No space left on device") || Contains(text, "Insufficient storage") ||
      (Contains(text, "limit of ") && Contains(text, " reached")) ||
      Contains(text, "Resident memory usage")) {
    return DSW_E_QUOTA;
  }
  if (Contains(text, "Vector dimension error")) return DSW_E_CONFLICT;
  switch (status) {
    case 401:
    case 403:
      return DSW_E_AUTH;
    case 404:
      return DSW_E_NOT_FOUND;
    case 408:
    case 504:
      return DSW_E_TIMEOUT;
    case 409:
      return DSW_E_CONFLICT;
    case 429:
      return DSW_E_RATE_LIMITED;
    case 507:
      return DSW_E_QUOTA;
    default:
      return status >= 500 ? DSW_E_UNAVAILABLE : DSW_E_INVALID_REQUEST;
  }
}

Failure Refusal(int status, std::string_view text, std::int64_t retry_after_ms) {
  if (const std::optional<Failure> refusal = SizeRefusal(status, text)) return *refusal;
  Failure failure(CategoryOf(status, text), text);
  if (retry_after_ms < 0) {
    constexpr std::int64_t kDay = 86'400;
    if (const auto seconds = NumberAfter(text, "Retry after ")) {
      retry_after_ms = std::clamp<std::int64_t>(*seconds, 0, kDay) * 1000;
    }
  }
  failure.RetryAfterMs(retry_after_ms);
  return failure;
}

struct GrpcCode {
  std::string_view name;
  int status;  ///< That Qdrant gives the same refusal over REST.
};

GrpcCode Describe(int code) {
  switch (code) {
    case 1:
      return {"CANCELLED", 503};
    case 3:
      return {"INVALID_ARGUMENT", 400};
    case 4:
      return {"DEADLINE_EXCEEDED", 408};
    case 5:
      return {"NOT_FOUND", 404};
    case 6:
      return {"ALREADY_EXISTS", 409};
    case 7:
      return {"PERMISSION_DENIED", 403};
    case 8:
      return {"RESOURCE_EXHAUSTED", 429};
    case 9:
      return {"FAILED_PRECONDITION", 400};
    case 10:
      return {"ABORTED", 503};
    case 11:
      return {"OUT_OF_RANGE", 400};
    case 12:
      return {"UNIMPLEMENTED", 405};
    case 13:
      return {"INTERNAL", 500};
    case 14:
      return {"UNAVAILABLE", 503};
    case 15:
      return {"DATA_LOSS", 500};
    case 16:
      return {"UNAUTHENTICATED", 401};
    default:
      return {"UNKNOWN", 500};
  }
}

std::string PercentDecode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    const char* const digits = text.data() + i + 1;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2) {
      decoded += static_cast<char>(byte);
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

/// A message that begins with NUL would be an empty one.
std::string WithoutNul(std::string text) {
  text.erase(std::remove(text.begin(), text.end(), '\0'), text.end());
  return text;
}

}  // namespace

std::string RefusalText(std::string_view body) {
  const auto json = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  std::string text;
  if (json.is_object() && json.contains("status")) {
    const auto& status = json["status"];
    if (status.is_string()) text = status.get<std::string>();
    if (status.is_object() && status.contains("error") && status["error"].is_string()) {
      text = status["error"].get<std::string>();
    }
  } else {
    text = std::string(body);
  }
  if (text.size() > kLongestText) {
    std::size_t size = kLongestText;
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0u) == 0x80u) --size;
    text.resize(size);
  }
  return WithoutNul(std::move(text));
}

bool IsEnvelope(std::string_view body) {
  const auto json = nlohmann::json::parse(body, nullptr, /*allow_exceptions=*/false);
  return json.is_object() && json.contains("status") && json["status"].is_object() &&
         json["status"].contains("error");
}

Failure RestFailure(int status, std::string_view text, const Failure& base) {
  std::string said(text);
  if (said.empty()) said = "Qdrant refused without saying why";
  Failure failure = Refusal(status, said, base.error().retry_after_ms);
  return failure.HttpStatus(status).RequestId(base.error().request_id);
}

Failure GrpcFailure(int code, std::string_view message, std::int64_t retry_after_ms) {
  const GrpcCode described = Describe(code);
  std::string text = WithoutNul(PercentDecode(message).substr(0, kLongestText));
  if (text.empty()) text = "Qdrant refused without saying why";
  Failure failure = Refusal(described.status, text, retry_after_ms);
  if (code == 12) failure.Category(DSW_E_UNSUPPORTED);
  return failure.UpstreamCode(described.name);
}

Failure ConnectionFailure(const Failure& failure, std::string_view url, std::string_view setting) {
  constexpr std::string_view kHost = "cannot connect to ";
  // As a CA file that cannot be read: nothing is wrong with what was to be sent.
  if (failure.error().category == DSW_E_INVALID_REQUEST) {
    return Failure(failure).Category(DSW_E_UNAVAILABLE);
  }
  const std::string_view cause = failure.what();
  const std::size_t reason = cause.rfind(": ");
  if (failure.error().category != DSW_E_UNAVAILABLE || cause.substr(0, kHost.size()) != kHost ||
      reason == std::string_view::npos) {
    return failure;
  }
  dsw_error error = failure.error();
  abi_detail::CopyText(error.message, sizeof error.message,
                       "Failed to connect to Qdrant: " + std::string(cause.substr(reason + 2)) +
                           " (" + std::string(url) + "; check " + std::string(setting) + ")");
  return Failure(error);
}

bool RefusesFence(std::string_view text) {
  return Contains(text, "Index required but not found") && Contains(text, kFencePath);
}

bool SaysAlreadyExists(int status, std::string_view text) {
  return status == 409 || (status == 400 && Contains(text, "already exists") &&
                           !Contains(text, "Alias with the same name"));
}

}  // namespace dsw::qdrant
