// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_common/number_list.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace dsw {
namespace {

bool IsSpace(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

bool IsDigit(char c) {
  return static_cast<unsigned char>(c - '0') < 10;
}

const char* SkipSpace(const char* at, const char* end) {
  while (at != end && IsSpace(*at)) ++at;
  return at;
}

/// A JSON number without its point: `digits` / 10^`fraction`.
struct Number {
  const char* end = nullptr;  ///< Behind the number; null when there is none.
  std::uint64_t digits = 0;
  std::int64_t fraction = 0;
  bool negative = false;
  bool short_enough = false;  ///< For ScaleDown(); `digits` is not whole otherwise.
};

constexpr std::uint64_t kOnes = 0x0101010101010101u;
constexpr std::uint64_t kTens[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000};

/// The value of eight digits in the order of memory, 0 to 9 in each byte.
std::uint64_t EightDigits(std::uint64_t bytes) {
  bytes = bytes * 10 + (bytes >> 8);
  return ((bytes & 0x000000ff000000ff) * 0x000f424000000064 +
          (bytes >> 16 & 0x000000ff000000ff) * 0x0000271000000001) >>
         32;
}

/// Appends the digits at `at` to `digits`; returns their end. Eight at a time, and without a branch
/// on how many there are in the last eight, since that is as good as random in vectors.
[[gnu::always_inline]] inline const char* TakeDigits(const char* at, std::uint64_t& digits) {
  while (true) {
    std::uint64_t bytes;
    std::memcpy(&bytes, at, sizeof bytes);
    bytes ^= kOnes * '0';
    // The high bit of each byte that is not a digit.
    const std::uint64_t others =
        (((bytes & (kOnes * 0x7f)) + kOnes * 0x76) | bytes) & (kOnes * 0x80);
    if (others == 0) {
      digits = digits * 100000000 + EightDigits(bytes);
      at += 8;
      continue;
    }
    const auto bits = static_cast<unsigned>(__builtin_ctzll(others)) & ~7u;
    // In two steps, since a shift by 64 is none.
    const std::uint64_t shifted = bytes << 1 << (63 - bits);
    digits = digits * kTens[bits / 8] + EightDigits(shifted);
    return at + bits / 8;
  }
}

/// `at` is followed by eight readable bytes, which are no digits behind the end of the list.
[[gnu::always_inline]] inline Number ScanNumber(const char* at) {
  Number number;
  number.negative = *at == '-';
  at += number.negative;
  const char* const first = at;
  if (at[0] == '0' && !IsDigit(at[1])) {
    ++at;
  } else {
    if (*at == '0' || !IsDigit(*at)) return number;
    at = TakeDigits(at, number.digits);
  }
  std::int64_t length = *first == '0' ? 0 : at - first;
  if (*at == '.') {
    const char* const point = at++;
    at = TakeDigits(at, number.digits);
    number.fraction = at - point - 1;
    if (number.fraction == 0) return number;
    length += number.fraction;
  }
  number.end = at;
  if (*at == 'e' || *at == 'E') {
    ++at;
    const bool down = *at == '-';
    if (*at == '-' || *at == '+') ++at;
    std::int64_t exponent = 0;
    number.end = nullptr;
    for (; IsDigit(*at); number.end = ++at) {
      exponent = std::min<std::int64_t>(exponent * 10 + *at - '0', 1'000'000'000);
    }
    number.fraction += down ? exponent : -exponent;
  }
  // Nineteen digits fit, but for the sign bit.
  number.short_enough =
      length <= 19 && number.digits >> 63 == 0 && number.fraction >= 0 && number.fraction <= 22;
  return number;
}

constexpr double kTenths[] = {1e-0,  1e-1,  1e-2,  1e-3,  1e-4,  1e-5,  1e-6,  1e-7,
                              1e-8,  1e-9,  1e-10, 1e-11, 1e-12, 1e-13, 1e-14, 1e-15,
                              1e-16, 1e-17, 1e-18, 1e-19, 1e-20, 1e-21, 1e-22};

/// The nearest float32 of a number that is short enough. Digits, power and product are rounded once
/// each, to a double that is off by less than four units in the last place; rounding that to a
/// float is right unless it is so near the middle between two. False then.
[[gnu::always_inline]] inline bool ScaleDown(const Number& number, float& value) {
  const double product = static_cast<double>(static_cast<std::int64_t>(number.digits)) *
                         kTenths[static_cast<std::size_t>(number.fraction)];
  std::uint64_t bits;
  std::memcpy(&bits, &product, sizeof bits);
  constexpr std::uint64_t kMiddle = 0x10000000;  // of the 29 bits that a float does not have
  constexpr std::uint64_t kNear = 4;
  if ((bits & (2 * kMiddle - 1)) - (kMiddle - kNear) <= 2 * kNear) return false;
  // The sign without a branch, since it is as good as random.
  std::uint32_t narrow;
  value = static_cast<float>(product);
  std::memcpy(&narrow, &value, sizeof narrow);
  narrow |= static_cast<std::uint32_t>(number.negative) << 31;
  std::memcpy(&value, &narrow, sizeof value);
  return true;
}

/// Whether the number at `at` is nearer to zero than one.
bool IsBelowOne(const char* at, const Number& number) {
  std::int64_t whole_digits = -number.fraction;  // From the first that is not zero.
  bool begun = false;
  for (; at != number.end && *at != 'e' && *at != 'E'; ++at) {
    begun = begun || (IsDigit(*at) && *at != '0');
    if (begun && IsDigit(*at)) ++whole_digits;
  }
  return whole_digits <= 0;
}

/// Reads the number at `at`; returns its end, or null.
const char* ReadNumber(const char* at, float& value) {
  const Number number = ScanNumber(at);
  if (number.end == nullptr) return nullptr;
  if (number.short_enough && ScaleDown(number, value)) return number.end;
  const auto [rest, error] = std::from_chars(at, number.end, value);
  if (error == std::errc::result_out_of_range) {
    // Too small, which is as good as zero, or too large.
    value = 0;
    return IsBelowOne(at, number) ? number.end : nullptr;
  }
  return rest == number.end && std::isfinite(value) ? rest : nullptr;
}

}  // namespace

std::size_t CountNumbers(std::string_view json) {
  if (json.size() < 2) return 0;
  const char* const end = json.data() + json.size() - 1;
  if (SkipSpace(json.data() + 1, end) == end) return 0;
  return static_cast<std::size_t>(std::count(json.begin(), json.end(), ',')) + 1;
}

bool ReadNumbers(std::string_view json, float* row, std::size_t count) {
  const char* at = json.data();
  const char* const end = at + json.size();
  if (at == end || *at != '[') return false;
  for (std::size_t i = 0; i < count; ++i) {
    // The bracket the first time, a comma after that.
    if (at == end || *at != (i == 0 ? '[' : ',')) return false;
    at = ReadNumber(SkipSpace(at + 1, end), row[i]);
    if (at == nullptr) return false;
    at = SkipSpace(at, end);
  }
  if (count == 0) at = SkipSpace(at + 1, end);
  return at != end && *at == ']' && at + 1 == end;
}

}  // namespace dsw
