// SPDX-License-Identifier: Apache-2.0
#include "host/base/short_name.h"

#include <cstdint>

#include <fmt/format.h>

namespace dsw {
namespace {

/// FNV-1a: the same in every build, as others may keep the name.
std::uint64_t Hash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  return hash;
}

}  // namespace

std::string_view Beginning(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

std::string ShortName(std::string_view text, std::size_t most) {
  constexpr std::size_t kHashBytes = 17;
  if (text.size() <= most) return std::string(text);
  return fmt::format("{}-{:016x}", Beginning(text, most - kHashBytes), Hash(text));
}

}  // namespace dsw
