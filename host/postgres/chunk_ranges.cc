// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/chunk_ranges.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace dsw {
namespace {

/// Takes a number and the sign after it off the front of `text`.
bool Take(std::string_view& text, char sign, std::int32_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end == text.data() + text.size() || *end != sign) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  return true;
}

}  // namespace

Result<ChunkRanges> ChunkRanges::Parse(std::string_view text) {
  ChunkRanges parsed;
  std::string_view rest = text;
  bool good = rest.size() >= 2 && rest.front() == '{' && rest.back() == '}';
  if (good) rest = rest.substr(1, rest.size() - 2);
  while (good && !rest.empty()) {
    if (rest.front() == ',') rest.remove_prefix(1);
    std::pair<std::int32_t, std::int32_t> range;
    good = !rest.empty() && rest.front() == '[';
    if (good) rest.remove_prefix(1);
    good = good && Take(rest, ',', range.first) && Take(rest, ')', range.second);
    if (good) parsed.ranges_.push_back(range);
  }
  if (!good) {
    return Fail(Code::kInternal, fmt::format("not a multirange of chunk indexes: {}", text));
  }
  return parsed;
}

void ChunkRanges::Append(std::int32_t index) {
  if (!ranges_.empty() && index < ranges_.back().second) return;
  if (!ranges_.empty() && index == ranges_.back().second) {
    ++ranges_.back().second;
  } else {
    ranges_.emplace_back(index, index + 1);
  }
}

bool ChunkRanges::Contains(std::int32_t index) const {
  const auto after =
      std::upper_bound(ranges_.begin(), ranges_.end(), index,
                       [](std::int32_t wanted, const auto& range) { return wanted < range.first; });
  return after != ranges_.begin() && index < std::prev(after)->second;
}

std::string ChunkRanges::ToString() const {
  std::string text = "{";
  for (const auto& [first, end] : ranges_) {
    text += fmt::format("{}[{},{})", text.size() > 1 ? "," : "", first, end);
  }
  return text + "}";
}

}  // namespace dsw
