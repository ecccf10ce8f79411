// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_common/json_text.h"

#include <cstdint>
#include <cstring>

#include <simdjson.h>

#include <dsw/plugin.hpp>

namespace dsw {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101u;
constexpr std::uint64_t kHighs = 0x8080808080808080u;

/// Non-zero when a byte of `word` is a quote, a backslash or a control character. The test for
/// "less than" is exact only for bytes below 0x80, and the others are masked out.
std::uint64_t NeedsEscape(std::uint64_t word) {
  const std::uint64_t quote = word ^ (kOnes * '"');
  const std::uint64_t backslash = word ^ (kOnes * '\\');
  return ((word - kOnes * 0x20) | (quote - kOnes) | (backslash - kOnes)) & ~word & kHighs;
}

bool IsPlain(char c) {
  return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
}

/// The end of the run of bytes, from `begin`, that stand for themselves in a JSON string.
const char* EndOfPlain(const char* begin, const char* end) {
  while (end - begin >= 8) {
    std::uint64_t word;
    std::memcpy(&word, begin, sizeof word);
    if (NeedsEscape(word) != 0) break;
    begin += 8;
  }
  while (begin != end && IsPlain(*begin)) ++begin;
  return begin;
}

void AppendEscape(std::string& out, char c) {
  constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    default:
      out += "\\u00";
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[c & 0xf];
  }
}

void AppendEscaped(std::string& out, std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    const char* const plain = EndOfPlain(at, end);
    out.append(at, static_cast<std::size_t>(plain - at));
    at = plain;
    for (; at != end && !IsPlain(*at); ++at) AppendEscape(out, *at);
  }
}

/// Bytes of the character that `text` begins with, or of the longest part of one; `whole` tells
/// which. The ranges are those of table 3-7 of the Unicode Standard.
std::size_t CharacterLength(std::string_view text, bool& whole) {
  const auto lead = static_cast<unsigned char>(text[0]);
  whole = lead < 0x80;
  if (whole || lead < 0xc2 || lead > 0xf4) return 1;
  const std::size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  unsigned char low = 0x80;
  unsigned char high = 0xbf;
  if (lead == 0xe0) low = 0xa0;
  if (lead == 0xed) high = 0x9f;
  if (lead == 0xf0) low = 0x90;
  if (lead == 0xf4) high = 0x8f;
  std::size_t taken = 1;
  while (taken < length && taken < text.size()) {
    const auto byte = static_cast<unsigned char>(text[taken]);
    if (byte < low || byte > high) break;
    low = 0x80;
    high = 0xbf;
    ++taken;
  }
  whole = taken == length;
  return taken;
}

void AppendRepaired(std::string& out, std::string_view text) {
  while (!text.empty()) {
    bool whole = false;
    const std::size_t length = CharacterLength(text, whole);
    AppendEscaped(out, whole ? text.substr(0, length) : "\xef\xbf\xbd");
    text.remove_prefix(length);
  }
}

}  // namespace

void AppendJsonString(std::string& out, std::string_view text) {
  out += '"';
  if (simdjson::validate_utf8(text.data(), text.size())) {
    AppendEscaped(out, text);
  } else {
    AppendRepaired(out, text);
  }
  out += '"';
}

void AppendJsonStrings(std::string& out, const dsw_str* texts, std::size_t count) {
  out += '[';
  for (std::size_t i = 0; i < count; ++i) {
    if (i != 0) out += ',';
    AppendJsonString(out, View(texts[i]));
  }
  out += ']';
}

std::size_t EstimateJsonStrings(const dsw_str* texts, std::size_t count) {
  std::size_t size = 2;
  for (std::size_t i = 0; i < count; ++i) size += texts[i].len + texts[i].len / 16 + 3;
  return size;
}

}  // namespace dsw
