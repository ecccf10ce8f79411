// SPDX-License-Identifier: Apache-2.0
#include "host/http/request_parts.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "host/base/ascii.h"

namespace dsw {
namespace {

struct CurlFree {
  void operator()(char* text) const { curl_free(text); }
};

/// Empty when the URL has no such part.
std::string Part(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return {};
  const std::unique_ptr<char, CurlFree> owner(text);
  return text;
}

std::uint16_t PortOf(CURLU* url) {
  const std::string text = Part(url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  std::uint16_t port = 0;
  std::from_chars(text.data(), text.data() + text.size(), port);
  return port;
}

/// The characters of a method or of a header's name (RFC 9110, 5.6.2).
bool IsToken(std::string_view text) {
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

Status CheckHeader(const HttpHeader& header) {
  if (!IsToken(header.name)) return Fail(Code::kInvalid, "a header's name is not a token");
  constexpr std::array<std::string_view, 6> kOurs = {"connection", "content-length",    "expect",
                                                     "host",       "transfer-encoding", "upgrade"};
  if (std::find(kOurs.begin(), kOurs.end(), LowerCase(header.name)) != kOurs.end()) {
    return Fail(Code::kInvalid,
                fmt::format("header {} is set by the HTTP client alone", header.name));
  }
  if (header.value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
    return Fail(Code::kInvalid, fmt::format("header {} has a line break", header.name));
  }
  return {};
}

Status AddHeader(CurlList& list, const std::string& line) {
  curl_slist* const longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) return Fail(Code::kInternal, "no memory for a header");
  static_cast<void>(list.release());
  list.reset(longer);
  return {};
}

Result<CurlList> MakeHeaders(const HttpRequest& request) {
  CurlList list;
  bool typed = false;
  for (const HttpHeader& header : request.headers) {
    RETURN_IF_ERROR(CheckHeader(header));
    typed = typed || LowerCase(header.name) == "content-type";
    // libcurl's form of a header without a value.
    RETURN_IF_ERROR(AddHeader(
        list, header.value.empty() ? header.name + ";" : header.name + ": " + header.value));
  }
  // Without these, libcurl adds a type of its own, and waits for "100 Continue" before long bodies.
  if (!typed) RETURN_IF_ERROR(AddHeader(list, "Content-Type:"));
  RETURN_IF_ERROR(AddHeader(list, "Expect:"));
  return list;
}

Status CheckUrl(CURLU* url, std::string_view text) {
  const std::string terminated(text);
  if (terminated.find('\0') != std::string::npos) {
    return Fail(Code::kInvalid, "the URL has a zero byte");
  }
  const CURLUcode code = curl_url_set(url, CURLUPART_URL, terminated.c_str(), CURLU_DISALLOW_USER);
  if (code == CURLUE_USER_NOT_ALLOWED) {
    return Fail(Code::kInvalid, "the URL holds a user name or a password; keys go into headers");
  }
  if (code == CURLUE_UNSUPPORTED_SCHEME || code == CURLUE_BAD_SCHEME) {
    return Fail(Code::kInvalid, "the URL begins with neither http:// nor https://");
  }
  if (code != CURLUE_OK) {
    return Fail(Code::kInvalid, "the URL is not one, as https://host.example/path");
  }
  return {};
}

}  // namespace

Result<RequestParts> CheckRequest(const HttpRequest& request) {
  if (!IsToken(request.method)) return Fail(Code::kInvalid, "the HTTP method is not a token");
  RequestParts parts;
  parts.method = request.method;
  parts.url.reset(curl_url());
  if (parts.url == nullptr) return Fail(Code::kInternal, "no memory for a URL");
  RETURN_IF_ERROR(CheckUrl(parts.url.get(), request.url));

  const std::string scheme = Part(parts.url.get(), CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") {
    return Fail(Code::kInvalid, "the URL begins with neither http:// nor https://");
  }
  parts.tls = scheme == "https";
  parts.host = Part(parts.url.get(), CURLUPART_HOST);
  parts.port = PortOf(parts.url.get());
  parts.origin = scheme + "://" + parts.host;
  const std::string port = Part(parts.url.get(), CURLUPART_PORT, CURLU_NO_DEFAULT_PORT);
  if (!port.empty()) parts.origin += ":" + port;

  ASSIGN_OR_RETURN(parts.headers, MakeHeaders(request));
  for (const std::string_view piece : request.body) {
    parts.body_bytes += static_cast<curl_off_t>(piece.size());
  }
  return parts;
}

}  // namespace dsw
