// SPDX-License-Identifier: Apache-2.0
//
// Where HTTP requests may go: the operator's decision, and no tenant's.
//
// A rule names hosts (`api.openai.com`; `*.example.org`: the names below it), addresses
// (`10.1.2.3`, `fd00::1`, `10.0.0.0/8`, `fd00::/8`) or everything (`*`), each for all ports or for
// some: `host:443`, `10.0.0.0/8:8000-8999`, `[fd00::/8]:443`.
//
//  1. What a rule of EGRESS_DENY covers, by the name in the URL or by the address, is denied.
//  2. Link-local addresses (169.254.0.0/16, fe80::/10), metadata services (169.254.169.254,
//     fd00:ec2::254, 100.100.100.200, metadata.google.internal) and the unspecified addresses
//     (0.0.0.0, ::) are denied, unless a rule of EGRESS_ALLOW is for that very host, or for
//     addresses among which it is; neither `*`, nor `*.example.org`, nor a range of length 0.
//  3. An address that stands in the worker's own settings needs no naming. That of a row or a job
//     does, and so does a provider's default address.
//  4. With an EGRESS_ALLOW that is not empty, what none of its rules covers is denied.
//  5. All else is allowed, private addresses and the worker's own machine included.
//
// An IPv6 address that stands for one of IPv4 is judged as that one; EGRESS_DENY can name it in
// either form.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/ip_address.h"
#include "host/base/result.h"

namespace dsw {

struct EgressRule {
  enum class Kind { kAll, kHost, kDomain, kRange };
  Kind kind = Kind::kAll;
  std::string name{};  ///< Of kHost and kDomain, in lower case; ".example.org" of kDomain.
  IpRange range{};
  std::uint16_t first_port = 1;
  std::uint16_t last_port = 65535;
  std::string text{};  ///< As it was written.
};

using EgressList = std::vector<EgressRule>;

/// Rules, separated by commas. kInvalid names the first that is none, and says what is expected.
Result<EgressList> ParseEgressList(std::string_view text);

/// Whom a request is for.
struct EgressTarget {
  std::string_view host{};  ///< As in the URL; an IPv6 address in brackets or not.
  std::uint16_t port = 0;
  bool own = false;  ///< The address stands in the worker's own settings.
};

struct EgressRules {
  EgressList allow{};
  EgressList deny{};

  /// Why a request must not be made, for a person; nothing when it may. Before an address is known,
  /// nothing also when the address can still make it allowed.
  std::optional<std::string> Refuse(const EgressTarget& target) const;
  /// The same for a connection to `address`, which the host's name stands for.
  std::optional<std::string> Refuse(const EgressTarget& target, const IpAddress& address) const;
  /// The same through a proxy, which is the operator's own, and finds the address by itself.
  std::optional<std::string> RefuseThroughProxy(const EgressTarget& target) const;
};

}  // namespace dsw
