// SPDX-License-Identifier: Apache-2.0
#include "host/domain/cut_text.h"

namespace dsw {
namespace {

/// Inside of a character, not at its start.
bool Continues(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0u) == 0x80u;
}

}  // namespace

std::string_view CutText(std::string_view text, std::size_t most, Truncate side) {
  if (text.size() <= most) return text;
  if (side == Truncate::kStart) {
    std::size_t begin = text.size() - most;
    while (begin < text.size() && Continues(text[begin])) ++begin;
    return text.substr(begin);
  }
  std::size_t end = most;
  while (end > 0 && Continues(text[end])) --end;
  return text.substr(0, end);
}

}  // namespace dsw
