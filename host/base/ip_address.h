// SPDX-License-Identifier: Apache-2.0
//
// Addresses of the Internet Protocol as numbers, and ranges of them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct sockaddr;

namespace dsw {

struct IpAddress {
  bool v4 = false;
  std::array<std::uint8_t, 16> bytes{};  ///< Of IPv4, the first four.

  friend bool operator==(const IpAddress&, const IpAddress&) = default;
};

/// An address as it is usually written, without brackets: "10.0.0.1", "fd00::1".
std::optional<IpAddress> ParseIpAddress(std::string_view text);

/// The address that a resolver makes of a URL's host without asking anybody: in brackets or not,
/// and of IPv4 also in fewer parts, octal or hexadecimal ("0x7f.1", "2130706433").
std::optional<IpAddress> LiteralAddress(std::string_view host);

/// Nothing for another family than IPv4 and IPv6.
std::optional<IpAddress> AddressIn(const sockaddr* address);

std::string FormatIpAddress(const IpAddress& address);

/// The IPv4 address that an IPv6 address stands for: mapped (::ffff:0:0/96), compatible (::/96, but
/// for :: and ::1), NAT64 (64:ff9b::/96, 64:ff9b:1::/48 with the address at its end) and 6to4
/// (2002::/16). Any other address is itself.
IpAddress Unwrapped(const IpAddress& address);

struct IpRange {
  IpAddress first{};
  int bits = 0;  ///< Of `first`, that all addresses in it share.

  bool Contains(const IpAddress& address) const;
};

/// "10.0.0.0/8", "fd00::/8", or an address alone. Nothing when bits behind the length are set.
std::optional<IpRange> ParseIpRange(std::string_view text);

}  // namespace dsw
