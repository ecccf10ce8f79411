// SPDX-License-Identifier: Apache-2.0
#include "host/base/origin.h"

#include <algorithm>
#include <cctype>
#include <charconv>

#include "host/base/ascii.h"

namespace dsw {
namespace {

bool IsHost(std::string_view host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    const std::string_view address = host.substr(1, host.size() - 2);
    return std::all_of(address.begin(), address.end(), [](char c) {
      return std::isxdigit(static_cast<unsigned char>(c)) || c == ':' || c == '.';
    });
  }
  return !host.empty() && std::all_of(host.begin(), host.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_';
  });
}

/// Whether the rest of the URL is made of the characters that a URL may have.
bool IsPrintable(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c > ' ' && c < '\x7F' && c != '\\'; });
}

}  // namespace

Result<std::string> OriginOf(std::string_view url) {
  const std::size_t colon = url.find("://");
  const std::string scheme = LowerCase(url.substr(0, colon == std::string_view::npos ? 0 : colon));
  if (scheme != "http" && scheme != "https") {
    return Fail(Code::kInvalid, "a URL must begin with http:// or https://");
  }
  if (!IsPrintable(url)) return Fail(Code::kInvalid, "a URL holds characters that it must not");
  std::string_view authority = url.substr(colon + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  if (authority.find('@') != std::string_view::npos) {
    return Fail(Code::kInvalid, "a URL must not hold a user name or password");
  }
  std::string_view port = scheme == "https" ? "443" : "80";
  const std::size_t last = authority.rfind(':');
  if (last != std::string_view::npos && authority.find(']', last) == std::string_view::npos) {
    port = authority.substr(last + 1);
    authority = authority.substr(0, last);
  }
  if (!IsHost(authority)) return Fail(Code::kInvalid, "a URL has no valid host");
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (error != std::errc() || end != port.data() + port.size() || number == 0) {
    return Fail(Code::kInvalid, "a URL has no valid port");
  }
  return scheme + "://" + LowerCase(authority) + ":" + std::to_string(number);
}

bool SameOrigin(std::string_view a, std::string_view b) {
  const Result<std::string> first = OriginOf(a);
  const Result<std::string> second = OriginOf(b);
  return first && second && *first == *second;
}

std::string_view HostOf(std::string_view origin) {
  const std::size_t start = origin.find("://");
  if (start == std::string_view::npos) return {};
  origin.remove_prefix(start + 3);
  return origin.substr(0, origin.rfind(':'));
}

std::string PlainName(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  return LowerCase(host);
}

std::uint16_t PortOf(std::string_view origin) {
  const std::string_view text = origin.substr(origin.rfind(':') + 1);
  std::uint16_t port = 0;
  std::from_chars(text.data(), text.data() + text.size(), port);
  return port;
}

}  // namespace dsw
