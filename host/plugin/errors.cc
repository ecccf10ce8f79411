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
/// Longer than a call waits for its next attempt.
constexpr std::chrono::milliseconds kBackOff = std::chrono::seconds(61);

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
  switch (category) {
    case DSW_E_INVALID_CONFIG:
    case DSW_E_INVALID_REQUEST:
    case DSW_E_UNSUPPORTED:
      return Code::kInvalid;
    case DSW_E_TOO_LARGE:
      return Code::kTooLarge;
    case DSW_E_INPUT_TOO_LONG:
      return Code::kInputTooLong;
    case DSW_E_AUTH:
      return Code::kUnauthenticated;
    case DSW_E_NOT_FOUND:
      return Code::kNotFound;
    case DSW_E_RATE_LIMITED:
      return Code::kRateLimited;
    case DSW_E_QUOTA:
      return Code::kQuota;
    case DSW_E_TIMEOUT:
      return Code::kTimeout;
    case DSW_E_OVERLOADED:
      return Code::kOverloaded;
    case DSW_E_BAD_RESPONSE:
      return Code::kBadResponse;
    case DSW_E_UNAVAILABLE:
      return Code::kUnavailable;
    case DSW_E_CANCELLED:
      return Code::kCancelled;
    case DSW_E_CONFLICT:
      return Code::kConflict;
    default:
      return Code::kInternal;
  }
}

dsw_status StatusOf(Code code) {
  switch (code) {
    case Code::kInvalid:
      return DSW_E_INVALID_REQUEST;
    case Code::kTooLarge:
      return DSW_E_TOO_LARGE;
    case Code::kInputTooLong:
      return DSW_E_INPUT_TOO_LONG;
    case Code::kNotFound:
      return DSW_E_NOT_FOUND;
    case Code::kConflict:
      return DSW_E_CONFLICT;
    case Code::kUnauthenticated:
      return DSW_E_AUTH;
    case Code::kQuota:
      return DSW_E_QUOTA;
    case Code::kRateLimited:
      return DSW_E_RATE_LIMITED;
    case Code::kOverloaded:
      return DSW_E_OVERLOADED;
    case Code::kUnavailable:
      return DSW_E_UNAVAILABLE;
    case Code::kTimeout:
      return DSW_E_TIMEOUT;
    case Code::kCancelled:
      return DSW_E_CANCELLED;
    case Code::kBadResponse:
      return DSW_E_BAD_RESPONSE;
    case Code::kInternal:
      return DSW_E_INTERNAL;
  }
  return DSW_E_INTERNAL;
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
  const bool decided = (error.flags & DSW_ERR_HAS_RETRYABLE) != 0;
  const bool retryable = (error.flags & DSW_ERR_RETRYABLE) != 0;
  if (decided && retryable && result.code == Code::kInvalid) result.code = Code::kBadResponse;
  if (decided && !retryable) {
    // Not here and now; the next delivery may have more luck.
    result.retry_after = std::max(result.retry_after.value_or(kBackOff), kBackOff);
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
