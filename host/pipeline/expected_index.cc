// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/expected_index.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace dsw {

std::optional<PointKey> PointKey::Parse(std::string_view id) {
  constexpr std::size_t kLength = 36;
  constexpr std::size_t kDigits = 16;
  if (id.size() != kLength) return std::nullopt;
  std::string digits;
  for (std::size_t i = 0; i < kLength; ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash != (id[i] == '-')) return std::nullopt;
    if (!dash) digits += id[i];
  }
  PointKey key;
  const char* const middle = digits.data() + kDigits;
  const char* const end = middle + kDigits;
  const auto high = std::from_chars(digits.data(), middle, key.high, 16);
  const auto low = std::from_chars(middle, end, key.low, 16);
  if (high.ptr != middle || low.ptr != end) return std::nullopt;
  return key;
}

std::string PointKey::ToString() const {
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, high >> 16 & 0xffff,
                     high & 0xffff, low >> 48, low & 0xffff'ffff'ffff);
}

void ExpectedIndex::Sort() {
  std::sort(points_.begin(), points_.end(),
            [](const ExpectedPoint& a, const ExpectedPoint& b) { return a.key < b.key; });
}

ExpectedPoint* ExpectedIndex::Find(const PointKey& key) {
  const auto found = std::lower_bound(
      points_.begin(), points_.end(), key,
      [](const ExpectedPoint& point, const PointKey& wanted) { return point.key < wanted; });
  return found != points_.end() && found->key == key ? &*found : nullptr;
}

}  // namespace dsw
