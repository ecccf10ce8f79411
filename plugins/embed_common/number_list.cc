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

Number ScanNumber(const char* at, const char* end) {
  Number number;
  number.negative = at != end && *at == '-';
  if (number.negative) ++at;
  const char* const first = at;
  while (at != end && IsDigit(*at)) {
    number.digits = number.digits * 10 + static_cast<std::uint64_t>(*at++ - '0');
  }
  const auto whole = at - first;
  const bool zero = whole != 0 && *first == '0';
  if (whole == 0 || (zero && whole > 1)) return number;
  if (at != end && *at == '.') {
    const char* const point = at++;
    while (at != end && IsDigit(*at)) {
      number.digits = number.digits * 10 + static_cast<std::uint64_t>(*at++ - '0');
    }
    number.fraction = at - point - 1;
    if (number.fraction == 0) return number;
  }
  // Nineteen digits always fit.
  number.short_enough = number.fraction + (zero ? 0 : whole) <= 19;
  if (at != end && (*at == 'e' || *at == 'E')) {
    ++at;
    const bool down = at != end && *at == '-';
    if (at != end && (*at == '-' || *at == '+')) ++at;
    const char* const exponent = at;
    std::int64_t value = 0;
    for (; at != end && IsDigit(*at); ++at) {
      value = std::min<std::int64_t>(value * 10 + *at - '0', 9999);
    }
    if (at == exponent) return number;
    number.fraction += down ? value : -value;
  }
  number.short_enough = number.short_enough && number.fraction >= 0 && number.fraction <= 22;
  number.end = at;
  return number;
}

constexpr double kPowers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                              1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                              1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/// The nearest float32 of a number that is short enough. The power of ten is an exact double, so
/// that digits and quotient are rounded once each, by two units in the last place at most together;
/// rounding that to a float is right unless it is so near the middle between two. False then.
bool ScaleDown(const Number& number, float& value) {
  const double quotient =
      static_cast<double>(number.digits) / kPowers[static_cast<std::size_t>(number.fraction)];
  std::uint64_t bits;
  std::memcpy(&bits, &quotient, sizeof bits);
  constexpr std::uint64_t kMiddle = 0x10000000;  // of the 29 bits that a float does not have
  constexpr std::uint64_t kNear = 4;
  if ((bits & (2 * kMiddle - 1)) - (kMiddle - kNear) <= 2 * kNear) return false;
  value = static_cast<float>(number.negative ? -quotient : quotient);
  return true;
}

/// Reads the number at `at`; returns its end, or null.
const char* ReadNumber(const char* at, const char* end, float& value) {
  const Number number = ScanNumber(at, end);
  if (number.end == nullptr) return nullptr;
  if (number.short_enough && ScaleDown(number, value)) return number.end;
  const auto [rest, error] = std::from_chars(at, number.end, value);
  if (error == std::errc::result_out_of_range) {
    // Too small, which is as good as zero, or too large.
    double wide = 0;
    const auto again = std::from_chars(at, number.end, wide);
    const bool small = again.ec == std::errc() ? std::fabs(wide) < 1 : number.fraction > 0;
    value = 0;
    return small ? number.end : nullptr;
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
    at = ReadNumber(SkipSpace(at + 1, end), end, row[i]);
    if (at == nullptr) return false;
    at = SkipSpace(at, end);
  }
  if (count == 0) at = SkipSpace(at + 1, end);
  return at != end && *at == ']' && at + 1 == end;
}

}  // namespace dsw
