// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/retry_after.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ctime>
#include <iomanip>
#include <locale>
#include <sstream>
#include <string>

namespace dsw {
namespace {

using std::chrono::milliseconds;

constexpr double kLongestMs = 1e10;

std::optional<milliseconds> Number(std::string_view text, double unit_ms) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (!std::isfinite(value) || value < 0) return std::nullopt;
  return milliseconds(
      static_cast<milliseconds::rep>(std::ceil(std::min(value * unit_ms, kLongestMs))));
}

/// The form that servers must send; since 1970, in a type that holds every year of four digits.
std::optional<milliseconds> Date(std::string_view text) {
  constexpr std::string_view kExample = "Sun, 06 Nov 1994 08:49:37 GMT";
  // Without this, a text that ends too early would do.
  if (text.size() != kExample.size()) return std::nullopt;
  std::tm parts{};
  std::istringstream in{std::string(text)};
  in.imbue(std::locale::classic());
  in >> std::get_time(&parts, "%a, %d %b %Y %H:%M:%S GMT");
  if (in.fail()) return std::nullopt;
  return milliseconds(std::chrono::seconds(timegm(&parts)));
}

}  // namespace

std::optional<milliseconds> ParseRetryAfter(std::string_view value,
                                            std::chrono::system_clock::time_point now) {
  if (const auto seconds = Number(value, 1000)) return seconds;
  const auto date = Date(value);
  if (!date) return std::nullopt;
  return std::max(milliseconds(0),
                  *date - std::chrono::floor<milliseconds>(now.time_since_epoch()));
}

std::optional<milliseconds> ParseRetryAfterMs(std::string_view value) {
  return Number(value, 1);
}

}  // namespace dsw
