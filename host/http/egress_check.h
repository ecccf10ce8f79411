// SPDX-License-Identifier: Apache-2.0
//
// The operator's rules for one request.
#pragma once

#include <optional>

#include "host/base/egress_rules.h"
#include "host/base/result.h"

namespace dsw {

/// Thread-safe.
class EgressCheck {
 public:
  /// Borrows what it is given.
  EgressCheck(const EgressRules& rules, const EgressTarget& target, bool through_proxy)
      : rules_(rules), target_(target), through_proxy_(through_proxy) {}

  /// Why the request must not be made, as HttpClient::Perform() says it; nothing when it may, as
  /// far as its URL tells.
  std::optional<Error> Request() const;
  /// The same for a connection to `address`, of which nothing is one that no rule can name. The
  /// proxy's is never refused.
  std::optional<Error> Connection(const std::optional<IpAddress>& address) const;

 private:
  const EgressRules& rules_;
  const EgressTarget& target_;
  const bool through_proxy_;
};

}  // namespace dsw
