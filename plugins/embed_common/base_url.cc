// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_common/base_url.h"

#include <algorithm>
#include <cstddef>

#include <dsw/plugin.hpp>

namespace dsw {
namespace {

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

struct UrlParts {
  std::string scheme;          ///< In lower case.
  std::string_view authority;  ///< Host and port.
  std::string_view path;       ///< From its slash on; may be empty.
  std::string_view query;      ///< With its question mark; may be empty.
};

UrlParts Split(std::string_view url) {
  UrlParts parts;
  const std::size_t colon = url.find("://");
  if (colon == url.npos) return parts;
  parts.scheme = Lower(url.substr(0, colon));
  url.remove_prefix(colon + 3);
  const std::size_t query = std::min(url.find('?'), url.size());
  parts.query = url.substr(query);
  url = url.substr(0, query);
  const std::size_t path = std::min(url.find('/'), url.size());
  parts.authority = url.substr(0, path);
  parts.path = url.substr(path);
  return parts;
}

bool EndsWith(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

/// Host and port, the port of the scheme left out.
std::string HostOf(std::string_view url) {
  const UrlParts parts = Split(url);
  std::string host = Lower(parts.authority);
  const std::string_view port = parts.scheme == "https" ? ":443" : ":80";
  if (EndsWith(host, port)) host.resize(host.size() - port.size());
  if (!host.empty() && host.back() == '.') host.pop_back();
  return host;
}

}  // namespace

std::string EndpointUrl(std::string_view provider, std::string_view base,
                        std::string_view endpoint) {
  const auto refuse = [&](const char* what) {
    throw Failure(DSW_E_INVALID_CONFIG, std::string(provider) + ": /base_url: " + what);
  };
  const UrlParts parts = Split(base);
  const bool odd = std::any_of(base.begin(), base.end(), [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f;
  });
  if (odd) refuse("has a character that no URL has");
  if (parts.scheme != "http" && parts.scheme != "https") {
    refuse("expected an address that begins with http:// or https://");
  }
  if (parts.authority.empty() || parts.authority.front() == ':') refuse("names no host");
  if (parts.authority.find('@') != parts.authority.npos) {
    refuse("has a user or a password in it; use api_key or headers");
  }
  if (base.find('#') != base.npos) refuse("has a fragment (#), which no server sees");
  std::string_view path = parts.path;
  while (!path.empty() && path.back() == '/') path.remove_suffix(1);
  std::string url = parts.scheme + "://";
  url.append(parts.authority).append(path);
  if (!EndsWith(path, endpoint)) url.append(endpoint);
  return url.append(parts.query);
}

bool SameHost(std::string_view url, std::string_view other) {
  return HostOf(url) == HostOf(other);
}

}  // namespace dsw
