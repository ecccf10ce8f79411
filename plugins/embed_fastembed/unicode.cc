// SPDX-License-Identifier: Apache-2.0
// Look-ups in the generated tables, UTF-8, and canonical decomposition.
#include "plugins/embed_fastembed/unicode.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

namespace dsw::fastembed {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};
struct ClassRange {
  char32_t first;
  char32_t last;
  std::uint8_t combining_class;
};
struct Shift {
  char32_t first;
  char32_t last;
  std::uint8_t step;
  std::int32_t distance;
};
struct Decomposition {
  char32_t from;
  std::uint16_t offset;
  std::uint8_t size;
};

#include "plugins/embed_fastembed/unicode_tables.inc"

template <class T, std::size_t N>
const T* FindRange(const T (&table)[N], char32_t c) {
  const T* it =
      std::upper_bound(std::begin(table), std::end(table), c,
                       [](char32_t value, const T& range) { return value < range.first; });
  if (it == std::begin(table)) return nullptr;
  --it;
  return c <= it->last ? it : nullptr;
}

std::uint8_t CombiningClass(char32_t c) {
  const ClassRange* range = FindRange(kCombining, c);
  return range == nullptr ? std::uint8_t{0} : range->combining_class;
}

constexpr char32_t kReplacement = 0xFFFD;

// Conjoining Hangul, Unicode Standard §3.12.
constexpr char32_t kHangulBase = 0xAC00;
constexpr char32_t kHangulCount = 11172;
constexpr char32_t kLeadBase = 0x1100;
constexpr char32_t kVowelBase = 0x1161;
constexpr char32_t kTrailBase = 0x11A7;
constexpr char32_t kTrailCount = 28;
constexpr char32_t kVowelTrailCount = 21 * kTrailCount;

void AppendDecomposed(char32_t c, std::u32string& out) {
  if (c - kHangulBase < kHangulCount) {
    const char32_t index = c - kHangulBase;
    out.push_back(kLeadBase + index / kVowelTrailCount);
    out.push_back(kVowelBase + index % kVowelTrailCount / kTrailCount);
    if (index % kTrailCount != 0) out.push_back(kTrailBase + index % kTrailCount);
    return;
  }
  const auto* it = std::lower_bound(
      std::begin(kDecompositions), std::end(kDecompositions), c,
      [](const Decomposition& entry, char32_t value) { return entry.from < value; });
  if (it == std::end(kDecompositions) || it->from != c) {
    out.push_back(c);
    return;
  }
  out.append(kDecompositionPool + it->offset, it->size);
}

// Length of the well-formed sequence at the front of `text` and its value, or {1, U+FFFD}.
std::pair<std::size_t, char32_t> DecodeOne(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {1, lead};
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return {1, kReplacement};
  char32_t value = lead & (0x7Fu >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {1, kReplacement};
    value = value << 6 | (byte(i) & 0x3Fu);
  }
  const bool overlong = (size == 3 && value < 0x800) || (size == 4 && value < 0x10000);
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  if (overlong || surrogate || value > 0x10FFFF) return {1, kReplacement};
  return {size, value};
}

}  // namespace

std::u32string DecodeUtf8(std::string_view text) {
  std::u32string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto [size, value] = DecodeOne(text);
    out.push_back(value);
    text.remove_prefix(size);
  }
  return out;
}

void AppendUtf8(char32_t c, std::string& out) {
  const auto push = [&](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (c < 0x80) {
    push(c);
  } else if (c < 0x800) {
    push(0xC0 | c >> 6);
    push(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    push(0xE0 | c >> 12);
    push(0x80 | (c >> 6 & 0x3F));
    push(0x80 | (c & 0x3F));
  } else {
    push(0xF0 | c >> 18);
    push(0x80 | (c >> 12 & 0x3F));
    push(0x80 | (c >> 6 & 0x3F));
    push(0x80 | (c & 0x3F));
  }
}

bool IsRemovedByCleaning(char32_t c) {
  return FindRange(kRemoved, c) != nullptr;
}
bool IsCleanedToSpace(char32_t c) {
  return FindRange(kCleanedToSpace, c) != nullptr;
}
bool IsIdeograph(char32_t c) {
  return FindRange(kIdeograph, c) != nullptr;
}
bool IsWhitespace(char32_t c) {
  return FindRange(kWhitespace, c) != nullptr;
}
bool IsPunctuation(char32_t c) {
  return FindRange(kPunctuation, c) != nullptr;
}
bool IsNonspacingMark(char32_t c) {
  return FindRange(kNonspacing, c) != nullptr;
}

void AppendLower(char32_t c, std::u32string& out) {
  if (c == 0x130) {  // the one character whose lower case is two
    out += U"i\u0307";
    return;
  }
  const Shift* shift = FindRange(kLower, c);
  if (shift == nullptr || (c - shift->first) % shift->step != 0) {
    out.push_back(c);
    return;
  }
  out.push_back(static_cast<char32_t>(static_cast<std::int64_t>(c) + shift->distance));
}

std::u32string Decompose(const std::u32string& text) {
  std::u32string out;
  out.reserve(text.size());
  for (const char32_t c : text) AppendDecomposed(c, out);

  // Canonical order: each run of marks, stably by combining class.
  auto run = out.end();
  const auto sort_run = [&](std::u32string::iterator end) {
    if (end - run < 2) return;
    std::stable_sort(run, end,
                     [](char32_t a, char32_t b) { return CombiningClass(a) < CombiningClass(b); });
  };
  bool in_run = false;
  for (auto it = out.begin(); it != out.end(); ++it) {
    const bool mark = *it >= 0x300 && CombiningClass(*it) != 0;
    if (mark && !in_run) run = it;
    if (!mark && in_run) sort_run(it);
    in_run = mark;
  }
  if (in_run) sort_run(out.end());
  return out;
}

}  // namespace dsw::fastembed
