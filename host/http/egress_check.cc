// SPDX-License-Identifier: Apache-2.0
#include "host/http/egress_check.h"

#include <string>
#include <utility>

namespace dsw {
namespace {

std::optional<Error> ErrorOf(std::optional<std::string> refusal, bool own) {
  if (!refusal) return std::nullopt;
  return Error{.code = own ? Code::kInvalid : Code::kDenied,
               .message = *std::move(refusal),
               .origin = Origin::kWorker};
}

}  // namespace

std::optional<Error> EgressCheck::Request() const {
  return ErrorOf(through_proxy_ ? rules_.RefuseThroughProxy(target_) : rules_.Refuse(target_),
                 target_.own);
}

std::optional<Error> EgressCheck::Connection(const std::optional<IpAddress>& address) const {
  if (through_proxy_) return std::nullopt;
  if (!address) return ErrorOf("a connection to no address of IPv4 or IPv6 is denied", target_.own);
  return ErrorOf(rules_.Refuse(target_, *address), target_.own);
}

}  // namespace dsw
