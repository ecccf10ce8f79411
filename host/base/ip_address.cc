// SPDX-License-Identifier: Apache-2.0
#include "host/base/ip_address.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace dsw {
namespace {

constexpr std::size_t kLongestText = 64;

IpAddress V4(const std::uint8_t* bytes) {
  IpAddress address{.v4 = true};
  std::copy(bytes, bytes + 4, address.bytes.begin());
  return address;
}

IpAddress V4(const in_addr& from) {
  std::array<std::uint8_t, 4> bytes{};
  std::memcpy(bytes.data(), &from, bytes.size());
  return V4(bytes.data());
}

IpAddress V6(const in6_addr& from) {
  IpAddress address;
  std::memcpy(address.bytes.data(), &from, address.bytes.size());
  return address;
}

int BitsOf(const IpAddress& address) {
  return address.v4 ? 32 : 128;
}

/// Whether the first `bits` of both are the same.
bool SamePrefix(const IpAddress& a, const IpAddress& b, int bits) {
  for (int bit = 0; bit < bits; bit += 8) {
    const auto byte = static_cast<std::size_t>(bit / 8);
    const int left = std::min(8, bits - bit);
    const unsigned difference = a.bytes[byte] ^ b.bytes[byte];
    if ((difference >> (8 - left)) != 0) return false;
  }
  return true;
}

bool IsIn(const IpAddress& address, const char* range) {
  return ParseIpRange(range)->Contains(address);
}

}  // namespace

std::optional<IpAddress> ParseIpAddress(std::string_view text) {
  if (text.size() > kLongestText || text.find('\0') != text.npos) return std::nullopt;
  const std::string terminated(text);
  in_addr v4{};
  if (inet_pton(AF_INET, terminated.c_str(), &v4) == 1) return V4(v4);
  in6_addr v6{};
  if (inet_pton(AF_INET6, terminated.c_str(), &v6) == 1) return V6(v6);
  return std::nullopt;
}

std::optional<IpAddress> LiteralAddress(std::string_view host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  if (!host.empty() && host.back() == '.') host.remove_suffix(1);
  if (auto address = ParseIpAddress(host)) return address;
  // inet_aton() stops at a blank, and takes what is before it.
  if (host.size() > kLongestText ||
      host.find_first_not_of("0123456789abcdefABCDEFxX.") != host.npos) {
    return std::nullopt;
  }
  in_addr v4{};
  if (inet_aton(std::string(host).c_str(), &v4) != 0) return V4(v4);
  return std::nullopt;
}

std::optional<IpAddress> AddressIn(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    return V4(v4.sin_addr);
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, address, sizeof v6);
    return V6(v6.sin6_addr);
  }
  return std::nullopt;
}

std::string FormatIpAddress(const IpAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(address.v4 ? AF_INET : AF_INET6, address.bytes.data(), text.data(), text.size());
  return text.data();
}

IpAddress Unwrapped(const IpAddress& address) {
  if (address.v4) return address;
  const std::uint8_t* const bytes = address.bytes.data();
  if (IsIn(address, "2002::/16")) return V4(bytes + 2);
  const bool compatible = IsIn(address, "::/96") && !IsIn(address, "::/127");
  if (compatible || IsIn(address, "::ffff:0:0/96") || IsIn(address, "64:ff9b::/96") ||
      IsIn(address, "64:ff9b:1::/48")) {
    return V4(bytes + 12);
  }
  return address;
}

bool IpRange::Contains(const IpAddress& address) const {
  return address.v4 == first.v4 && SamePrefix(address, first, bits);
}

std::optional<IpRange> ParseIpRange(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::optional<IpAddress> first = ParseIpAddress(text.substr(0, slash));
  if (!first) return std::nullopt;
  IpRange range{.first = *first, .bits = BitsOf(*first)};
  if (slash == text.npos) return range;
  const std::string_view length = text.substr(slash + 1);
  const auto [end, error] =
      std::from_chars(length.data(), length.data() + length.size(), range.bits);
  if (error != std::errc() || end != length.data() + length.size() || range.bits < 0 ||
      range.bits > BitsOf(*first)) {
    return std::nullopt;
  }
  IpAddress rest = *first;
  for (int bit = 0; bit < range.bits; ++bit) {
    rest.bytes[static_cast<std::size_t>(bit / 8)] &= static_cast<std::uint8_t>(~(0x80 >> bit % 8));
  }
  if (rest.bytes != IpAddress().bytes) return std::nullopt;
  return range;
}

}  // namespace dsw
