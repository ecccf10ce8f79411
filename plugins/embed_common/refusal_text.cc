// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_common/refusal_text.h"

#include <algorithm>
#include <array>
#include <string>

#include <dsw/plugin.h>

namespace dsw {
namespace {

constexpr std::size_t kLongestText = 4096;
constexpr std::size_t kLongestGap = 200;
constexpr std::int64_t kLargest = 1'000'000'000'000;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

std::string Lower(std::string_view text) {
  std::string lower(text.substr(0, kLongestText));
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

/// Takes a whole number, "120,000" too, from the front of `text`.
std::optional<std::int64_t> TakeNumber(std::string_view& text) {
  if (text.empty() || !IsDigit(text[0])) return std::nullopt;
  std::int64_t number = 0;
  while (!text.empty()) {
    const bool comma = text.size() > 3 && text[0] == ',' && IsDigit(text[1]) && IsDigit(text[2]) &&
                       IsDigit(text[3]);
    if (!comma && !IsDigit(text[0])) break;
    if (!comma) number = std::min(number * 10 + (text[0] - '0'), kLargest);
    text.remove_prefix(1);
  }
  return number;
}

using Numbers = std::array<std::int64_t, 2>;

/// Whether `text` begins as `pattern` says: '#' is a number, kept in order; '*' is anything short.
bool MatchHere(std::string_view text, std::string_view pattern, Numbers& numbers,
               std::size_t found) {
  while (!pattern.empty()) {
    const char c = pattern[0];
    pattern.remove_prefix(1);
    if (c == '#') {
      const std::optional<std::int64_t> number = TakeNumber(text);
      if (!number || found == numbers.size()) return false;
      numbers[found++] = *number;
    } else if (c == '*') {
      for (std::size_t gap = 0; gap <= std::min(kLongestGap, text.size()); ++gap) {
        if (MatchHere(text.substr(gap), pattern, numbers, found)) return true;
      }
      return false;
    } else {
      if (text.empty() || text[0] != c) return false;
      text.remove_prefix(1);
    }
  }
  return true;
}

/// `text` is in lower case.
bool Match(std::string_view text, std::string_view pattern, Numbers& numbers) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (MatchHere(text.substr(at), pattern, numbers, 0)) return true;
  }
  return false;
}

enum Order { kAllowed, kAllowedAsked, kAskedAllowed, kNeither };

struct SizePattern {
  std::string_view text;
  std::uint32_t unit;
  Order order;
};

// The longer wording of two comes first.
constexpr SizePattern kSizes[] = {
    {"at most # - received #", DSW_LIMIT_ITEMS, kAllowedAsked},                   // Cohere
    {"at most # items after validation, not #", DSW_LIMIT_ITEMS, kAllowedAsked},  // pydantic
    {"at most # items", DSW_LIMIT_ITEMS, kAllowed},                               // Jina
    {"at most # texts", DSW_LIMIT_ITEMS, kAllowed},
    {"at most # inputs", DSW_LIMIT_ITEMS, kAllowed},
    {"batch size limit is #", DSW_LIMIT_ITEMS, kAllowed},                // Voyage
    {"batch size # exceeds maximum #", DSW_LIMIT_ITEMS, kAskedAllowed},  // embedding-inference-api
    {"batch size # > maximum allowed batch size #", DSW_LIMIT_ITEMS, kAskedAllowed},    // TEI
    {"requested # tokens, max # tokens per request", DSW_LIMIT_TOKENS, kAskedAllowed},  // OpenAI
    {"request too large*limit #, requested #", DSW_LIMIT_TOKENS, kAllowedAsked},        // OpenAI
    {"request too large", DSW_LIMIT_TOKENS, kNeither},
    {"max allowed tokens per submitted batch is #*your batch has # tokens", DSW_LIMIT_TOKENS,
     kAllowedAsked},  // Voyage
    {"max allowed tokens per submitted batch is #", DSW_LIMIT_TOKENS, kAllowed},
    {"payload (# bytes) is larger than allowed (limit: # bytes)", DSW_LIMIT_BYTES,
     kAskedAllowed},  // actix-web
    {"payload error: payload reached size limit", DSW_LIMIT_BYTES, kNeither},
    {"length limit exceeded", DSW_LIMIT_BYTES, kNeither},  // axum
};

constexpr std::string_view kTooLong[] = {
    "maximum context length is #",       // OpenAI, vLLM
    "maximum input length is #",         // OpenAI
    "must have less than # tokens",      // TEI
    "must have less than # characters",  // TEI
    "exceeds*context length",            // Ollama, Voyage
    "too many tokens",                   // Cohere
    "exceeds*maximum*length",
    "exceeds*maximum*tokens",
    "longer than the maximum",
    "text is too long",
    "input is too long",
};

constexpr std::string_view kItems[] = {
    "input[#]", "inputs[#]", "texts[#]",   "at index #", "input.#",
    "inputs.#", "texts.#",   "input -> #", "texts -> #",
};

constexpr std::string_view kWaits[] = {"try again in ", "retry after ", "retry in "};

/// Takes "2.812s", "590ms", "20 seconds", a part of "1h2m3.5s"; nothing for a number alone.
std::optional<double> TakeDurationMs(std::string_view& text) {
  std::size_t digits = 0;
  double number = 0;
  double place = 1;
  bool point = false;
  for (; digits < text.size() && digits < 20; ++digits) {
    const char c = text[digits];
    if (c == '.' && !point && digits + 1 < text.size() && IsDigit(text[digits + 1])) {
      point = true;
    } else if (!IsDigit(c)) {
      break;
    } else if (point) {
      number += (c - '0') * (place /= 10);
    } else {
      number = number * 10 + (c - '0');
    }
  }
  if (digits == 0) return std::nullopt;
  std::string_view rest = text.substr(digits);
  if (!rest.empty() && rest[0] == ' ') rest.remove_prefix(1);
  struct Unit {
    std::string_view name;
    double ms;
  };
  constexpr Unit kUnits[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}};
  for (const Unit& unit : kUnits) {
    if (rest.substr(0, unit.name.size()) == unit.name) {
      text = rest.substr(unit.name.size());
      return number * unit.ms;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<SizeRefusal> FindSizeRefusal(std::string_view text) {
  const std::string lower = Lower(text);
  for (const SizePattern& pattern : kSizes) {
    Numbers numbers{};
    if (!Match(lower, pattern.text, numbers)) continue;
    if (pattern.order == kAskedAllowed) std::swap(numbers[0], numbers[1]);
    return SizeRefusal{pattern.unit, numbers[0], numbers[1]};
  }
  return std::nullopt;
}

bool SaysInputTooLong(std::string_view text) {
  const std::string lower = Lower(text);
  Numbers numbers{};
  return std::any_of(std::begin(kTooLong), std::end(kTooLong),
                     [&](std::string_view pattern) { return Match(lower, pattern, numbers); });
}

std::optional<std::size_t> FindItem(std::string_view text) {
  const std::string lower = Lower(text);
  for (const std::string_view pattern : kItems) {
    Numbers numbers{};
    if (Match(lower, pattern, numbers)) return static_cast<std::size_t>(numbers[0]);
  }
  return std::nullopt;
}

std::optional<std::int64_t> FindRetryAfterMs(std::string_view text) {
  const std::string lower = Lower(text);
  for (const std::string_view wait : kWaits) {
    const std::size_t at = lower.find(wait);
    if (at == lower.npos) continue;
    std::string_view rest = std::string_view(lower).substr(at + wait.size());
    double ms = 0;
    bool found = false;
    while (const std::optional<double> part = TakeDurationMs(rest)) {
      ms += *part;
      found = true;
    }
    constexpr double kLongest = 86'400'000;
    if (found) return static_cast<std::int64_t>(std::min(ms, kLongest) + 0.5);
  }
  return std::nullopt;
}

}  // namespace dsw
