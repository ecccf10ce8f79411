// SPDX-License-Identifier: Apache-2.0
#include "host/config/credentials.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "host/base/secret.h"
#include "host/config/values.h"

namespace dsw {
namespace {

constexpr std::string_view kMask = "***";

std::string PercentDecode(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned char byte = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(&text[i + 1], &text[i + 1] + 2, byte, 16).ptr == &text[i + 1] + 2) {
      decoded.push_back(static_cast<char>(byte));
      i += 2;
    } else {
      decoded.push_back(text[i]);
    }
  }
  return decoded;
}

/// Replaces the secret at [begin, end) of `text`.
void Mask(std::string& text, std::size_t begin, std::size_t end) {
  const std::string secret = text.substr(begin, end - begin);
  RememberSecret(secret);
  RememberSecret(PercentDecode(secret));
  text.replace(begin, end - begin, kMask);
}

void MaskUserInfo(std::string& text) {
  std::size_t at = 0;
  while ((at = text.find("://", at)) != std::string::npos) {
    const std::size_t scheme = text.find_last_of(", ", at) + 1;  // npos + 1 is 0
    const bool postgres = text.compare(scheme, 8, "postgres") == 0;
    const std::size_t begin = at + 3;
    at = begin;
    const std::size_t next_url = std::min(text.find("://", begin), text.size());
    const std::size_t first = text.find('@', begin);
    if (first >= next_url) continue;
    // A password may hold an "@" that should have been encoded: all before the last one is masked.
    const std::size_t path = std::min(text.find_first_of("/?", first), next_url);
    const std::size_t end = text.rfind('@', path);
    const std::size_t colon = text.find(':', begin);
    if (colon < end) {
      Mask(text, colon + 1, end);
    } else if (!postgres) {  // A lone user of NATS is a token.
      Mask(text, begin, end);
    }
  }
}

void MaskPasswordParameters(std::string& text) {
  constexpr std::string_view kKey = "password";
  std::size_t at = 0;
  while ((at = text.find(kKey, at)) != std::string::npos) {
    at += kKey.size();
    std::size_t begin = text.find_first_not_of(' ', at);
    if (begin == std::string::npos || text[begin] != '=') continue;
    begin = text.find_first_not_of(' ', begin + 1);
    if (begin == std::string::npos) break;
    const bool quoted = text[begin] == '\'';
    if (quoted) ++begin;
    std::size_t end = begin;
    while (end < text.size() &&
           (quoted ? text[end] != '\'' : text[end] != '&' && text[end] != ' ')) {
      if (text[end] == '\\') ++end;
      ++end;
    }
    Mask(text, begin, std::min(end, text.size()));
    at = begin;
  }
}

}  // namespace

Status CheckUrls(std::string_view text, const std::vector<std::string_view>& schemes) {
  const std::vector<std::string_view> urls = SplitList(text, ',');
  const bool good = !urls.empty() && std::all_of(urls.begin(), urls.end(), [&](auto url) {
    const std::size_t separator = url.find("://");
    if (separator == std::string_view::npos) return false;
    const bool known =
        std::find(schemes.begin(), schemes.end(), url.substr(0, separator)) != schemes.end();
    return known && url.size() > separator + 3;
  });
  if (good) return {};
  return Fail(Code::kInvalid, fmt::format("expected an address that starts with {}://",
                                          fmt::join(schemes, ":// or ")));
}

std::string MaskCredentials(std::string_view text) {
  std::string masked(text);
  MaskUserInfo(masked);
  MaskPasswordParameters(masked);
  // Not a URL at all, but with a piece that may be somebody's password.
  if (masked.find("://") == std::string::npos) {
    if (const std::size_t at = masked.rfind('@'); at != std::string::npos) Mask(masked, 0, at);
  }
  return masked;
}

}  // namespace dsw
