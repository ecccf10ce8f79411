// SPDX-License-Identifier: Apache-2.0
#include "host/http/proxy.h"

#include <algorithm>
#include <optional>

#include "host/base/ip_address.h"
#include "host/base/origin.h"

namespace dsw {
namespace {

bool Covers(std::string_view entry, const std::string& host,
            const std::optional<IpAddress>& address) {
  if (entry == "*") return true;
  if (entry.starts_with('.')) entry.remove_prefix(1);
  if (entry.size() > 2 && entry.front() == '[' && entry.back() == ']') {
    entry = entry.substr(1, entry.size() - 2);
  }
  const std::string name = PlainName(entry);
  if (name.empty()) return false;
  if (const std::optional<IpRange> range = ParseIpRange(name)) {
    return address && range->Contains(*address);
  }
  return !address && (host == name || host.ends_with("." + name));
}

}  // namespace

bool IsNamedBy(std::string_view no_proxy, std::string_view host) {
  const std::optional<IpAddress> address = LiteralAddress(host);
  const std::string plain = PlainName(host);
  while (!no_proxy.empty()) {
    const std::size_t end = std::min(no_proxy.find_first_of(", \t"), no_proxy.size());
    if (Covers(no_proxy.substr(0, end), plain, address)) return true;
    no_proxy.remove_prefix(std::min(no_proxy.size(), end + 1));
  }
  return false;
}

std::string ProxyFor(const CurlHttpClientOptions& options, const RequestParts& parts) {
  const std::string& proxy = parts.tls ? options.https_proxy : options.http_proxy;
  return IsNamedBy(options.no_proxy, parts.host) ? std::string() : proxy;
}

}  // namespace dsw
