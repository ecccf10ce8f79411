// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/errors.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "host/base/secret.h"
#include "host/base/utf8.h"
#include "host/plugin/text.h"

namespace dsw {
namespace {

constexpr std::int64_t kLongestWaitMs = 24 * 3600 * 1000;

/// What a category means here, and back: of several with one code the first.
struct Meaning {
  dsw_status category;
  Code code;
};
constexpr Meaning kMeanings[] = {
    {DSW_E_INVALID_REQUEST, Code::kInvalid},
    {DSW_E_INVALID_CONFIG, Code::kInvalid},
    {DSW_E_UNSUPPORTED, Code::kInvalid},
    {DSW_E_TOO_LARGE, Code::kTooLarge},
    {DSW_E_INPUT_TOO_LONG, Code::kInputTooLong},
    {DSW_E_AUTH, Code::kUnauthenticated},
    {DSW_E_NOT_FOUND, Code::kNotFound},
    {DSW_E_RATE_LIMITED, Code::kRateLimited},
    {DSW_E_QUOTA, Code::kQuota},
    {DSW_E_TIMEOUT, Code::kTimeout},
    {DSW_E_OVERLOADED, Code::kOverloaded},
    {DSW_E_BAD_RESPONSE, Code::kBadResponse},
    {DSW_E_UNAVAILABLE, Code::kUnavailable},
    {DSW_E_CANCELLED, Code::kCancelled},
    {DSW_E_CONFLICT, Code::kConflict},
};

bool Known(std::int32_t category) {
  return category > DSW_OK && category <= DSW_E_BAD_RESPONSE;
}

template <std::size_t N>
std::string TextOf(const char (&array)[N]) {
  return Redact(CleanUtf8(std::string_view(array, strnlen(array, N))));
}

std::string MessageOf(const dsw_error& error) {
  std::string message = TextOf(error.message);
  if (message.empty()) message = "failed without saying why";
  std::string details;
  const auto add = [&](const std::string& detail) {
    details += details.empty() ? detail : ", " + detail;
  };
  if (error.http_status != 0) add(fmt::format("HTTP {}", error.http_status));
  if (error.code[0] != '\0') add(TextOf(error.code));
  if (error.vendor_code != 0) add(fmt::format("code {}", error.vendor_code));
  if (error.request_id[0] != '\0') add("request " + TextOf(error.request_id));
  if (!details.empty()) details = " (" + details + ")";
  return message + details;
}

std::optional<SizeLimit> LimitOf(const dsw_error& error) {
  if (error.limit < 1) return std::nullopt;
  SizeLimit limit{.allowed = error.limit, .asked = std::max<std::int64_t>(0, error.asked)};
  switch (error.limit_unit) {
    case DSW_LIMIT_ITEMS:
      limit.unit = SizeLimit::Unit::kItems;
      return limit;
    case DSW_LIMIT_TOKENS:
      limit.unit = SizeLimit::Unit::kTokens;
      return limit;
    case DSW_LIMIT_BYTES:
      limit.unit = SizeLimit::Unit::kBytes;
      return limit;
    default:
      return std::nullopt;
  }
}

}  // namespace

dsw_error EmptyError() {
  dsw_error error{};
  error.struct_size = sizeof error;
  error.retry_after_ms = -1;
  return error;
}

Code CodeOf(std::int32_t category) {
  const auto found = std::find_if(std::begin(kMeanings), std::end(kMeanings),
                                  [&](const Meaning& row) { return row.category == category; });
  return found == std::end(kMeanings) ? Code::kInternal : found->code;
}

dsw_status StatusOf(Code code) {
  const auto found = std::find_if(std::begin(kMeanings), std::end(kMeanings),
                                  [&](const Meaning& row) { return row.code == code; });
  return found == std::end(kMeanings) ? DSW_E_INTERNAL : found->category;
}

void CopyError(const dsw_error& error, dsw_error* out) {
  constexpr std::size_t kHead = sizeof(dsw_error::struct_size);
  if (out == nullptr || out->struct_size <= kHead) return;
  const std::size_t size = std::min<std::size_t>(out->struct_size, sizeof error);
  std::memcpy(reinterpret_cast<char*>(out) + kHead, reinterpret_cast<const char*>(&error) + kHead,
              size - kHead);
}

Error ErrorFrom(std::string_view who, dsw_status status, const dsw_error& error) {
  if (!Known(status)) {
    return Misbehaviour(
        who, fmt::format("returned the unknown status {}: {}", status, MessageOf(error)));
  }
  if (error.category != DSW_OK && error.category != status) {
    return Misbehaviour(who, fmt::format("returned status {} with an error of category {}: {}",
                                         status, error.category, MessageOf(error)));
  }
  Error result{.code = CodeOf(status), .message = fmt::format("{}: {}", who, MessageOf(error))};
  if (error.retry_after_ms >= 0) {
    result.retry_after = std::chrono::milliseconds(std::min(error.retry_after_ms, kLongestWaitMs));
  }
  if ((error.flags & DSW_ERR_HAS_RETRYABLE) != 0) {
    result.repeat = (error.flags & DSW_ERR_RETRYABLE) != 0;
    if (*result.repeat && result.code == Code::kInvalid) result.code = Code::kBadResponse;
  }
  if ((error.flags & DSW_ERR_LOCAL) != 0) {
    // No job can do anything about it. What is not there may be with another worker.
    if (result.code != Code::kNotFound) result.code = Code::kInvalid;
    result.origin = Origin::kWorker;
  }
  result.limit = LimitOf(error);
  if (error.item > 0) result.item = error.item - 1;
  return result;
}

Error Misbehaviour(std::string_view who, std::string_view what) {
  return {.code = Code::kInternal,
          .message = fmt::format("plugin misbehaved: {} {}", who, Redact(CleanUtf8(what)))};
}

}  // namespace dsw
