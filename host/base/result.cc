// SPDX-License-Identifier: Apache-2.0
#include "host/base/result.h"

namespace dsw {

std::string_view CodeName(Code code) {
  switch (code) {
    case Code::kInvalid:
      return "invalid";
    case Code::kTooLarge:
      return "too_large";
    case Code::kInputTooLong:
      return "input_too_long";
    case Code::kNotFound:
      return "not_found";
    case Code::kConflict:
      return "conflict";
    case Code::kUnauthenticated:
      return "unauthenticated";
    case Code::kDenied:
      return "denied";
    case Code::kQuota:
      return "quota";
    case Code::kRateLimited:
      return "rate_limited";
    case Code::kOverloaded:
      return "overloaded";
    case Code::kUnavailable:
      return "unavailable";
    case Code::kTimeout:
      return "timeout";
    case Code::kCancelled:
      return "cancelled";
    case Code::kBadResponse:
      return "bad_response";
    case Code::kInternal:
      return "internal";
    case Code::kHeld:
      return "held";
    case Code::kFenced:
      return "fenced";
    case Code::kWithdrawn:
      return "withdrawn";
  }
  return "internal";
}

}  // namespace dsw
