// SPDX-License-Identifier: Apache-2.0
#include "host/config/values.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "host/base/ascii.h"

namespace dsw {
namespace {

using std::chrono::milliseconds;

struct Unit {
  std::string_view name;
  milliseconds length;
};
constexpr Unit kUnits[] = {{"h", std::chrono::hours(1)},
                           {"m", std::chrono::minutes(1)},
                           {"s", std::chrono::seconds(1)},
                           {"ms", milliseconds(1)}};

template <typename T>
bool ReadWhole(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::vector<std::string_view> SplitList(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    if (const std::string_view part = Trim(text.substr(0, end)); !part.empty()) {
      parts.push_back(part);
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

Result<std::int64_t> ParseInteger(std::string_view text, std::int64_t least, std::int64_t most) {
  std::int64_t value = 0;
  if (!ReadWhole(text, value) || value < least || value > most) {
    return Fail(Code::kInvalid, fmt::format("expected a whole number from {} to {}", least, most));
  }
  return value;
}

Result<bool> ParseBool(std::string_view text) {
  const std::string word = LowerCase(text);
  if (word == "true" || word == "yes" || word == "on" || word == "1") return true;
  if (word == "false" || word == "no" || word == "off" || word == "0") return false;
  return Fail(Code::kInvalid, "expected true or false");
}

Result<milliseconds> ParseDuration(std::string_view text, milliseconds unit, milliseconds least,
                                   milliseconds most) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string_view suffix = Trim(text.substr(digits));
  bool known = suffix.empty();
  std::string_view plain;
  for (const Unit& candidate : kUnits) {
    if (candidate.length == unit) plain = candidate.name;
  }
  for (const Unit& candidate : kUnits) {
    if (suffix != candidate.name) continue;
    unit = candidate.length;
    known = true;
  }
  std::int64_t count = 0;
  const std::int64_t most_units = most / unit;
  if (!known || !ReadWhole(text.substr(0, digits), count) || count > most_units ||
      count * unit < least) {
    return Fail(Code::kInvalid,
                fmt::format("expected a duration from {} to {}, as a number of {} or with a unit: "
                            "ms, s, m, h",
                            FormatDuration(least), FormatDuration(most),
                            plain == "ms" ? "milliseconds" : "seconds"));
  }
  return count * unit;
}

std::string FormatDuration(milliseconds duration) {
  for (const Unit& unit : kUnits) {
    if (duration.count() != 0 && duration % unit.length == milliseconds(0)) {
      return fmt::format("{}{}", duration / unit.length, unit.name);
    }
  }
  return "0s";
}

std::size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = i + j;
        continue;
      }
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1,
                             cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
      }
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace dsw
