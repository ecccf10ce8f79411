// SPDX-License-Identifier: Apache-2.0
#include "host/nats/errors.h"

#include <string>

#include <fmt/format.h>

#include "host/base/secret.h"

namespace dsw {
namespace {

Code CodeOf(natsStatus status, jsErrCode code) {
  switch (code) {
    case JSStreamNotFoundErr:
    case JSConsumerNotFoundErr:
    case JSNotEnabledErr:
    case JSNotEnabledForAccountErr:
      return Code::kNotFound;
    case JSStreamSubjectOverlapErr:
    case JSStreamNameExistErr:
    case JSStreamNotMatchErr:
    case JSConsumerNameExistErr:
      return Code::kConflict;
    case JSStreamMessageExceedsMaximumErr:
      return Code::kTooLarge;
    default:
      break;
  }
  switch (status) {
    case NATS_CONNECTION_AUTH_FAILED:
    case NATS_NOT_PERMITTED:
      return Code::kUnauthenticated;
    case NATS_NOT_FOUND:
      return Code::kNotFound;
    case NATS_MAX_PAYLOAD:
      return Code::kTooLarge;
    case NATS_ADDRESS_MISSING:
    case NATS_INVALID_ARG:
    case NATS_INVALID_SUBJECT:
      return Code::kInvalid;
    case NATS_NO_MEMORY:
    case NATS_ILLEGAL_STATE:
    case NATS_INVALID_TIMEOUT:
      return Code::kInternal;
    case NATS_TIMEOUT:
      return Code::kTimeout;
    default:
      return Code::kUnavailable;
  }
}

/// The library begins what it says with its own place in its source, as "(util.c:1995): ".
std::string_view WithoutSourcePlace(std::string_view text) {
  const std::size_t end = text.find("): ");
  if (text.substr(0, 1) != "(" || end == std::string_view::npos) return text;
  return text.substr(0, end).find(".c:") == std::string_view::npos ? text : text.substr(end + 3);
}

}  // namespace

Error NatsError(natsStatus status, std::string_view doing, jsErrCode code) {
  std::string detail = natsStatus_GetText(status);
  // The detail that the library keeps belongs to some earlier call unless its status is this one's.
  natsStatus last = NATS_OK;
  if (const char* text = nats_GetLastError(&last); text != nullptr && last == status) {
    // Some calls leave a status without words.
    if (const std::string_view words = WithoutSourcePlace(text); !words.empty()) detail = words;
  }
  if (code == JSNotEnabledErr || code == JSNotEnabledForAccountErr ||
      (status == NATS_NO_RESPONDERS && code == jsErrCode{})) {
    detail += " (does the server run with JetStream, -js?)";
  }
  return {.code = CodeOf(status, code), .message = Redact(fmt::format("{}: {}", doing, detail))};
}

}  // namespace dsw
