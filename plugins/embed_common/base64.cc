// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_common/base64.h"

#include <array>
#include <cstdint>
#include <cstring>

#include "plugins/embed_common/base64_blocks.h"

namespace dsw {
namespace {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "vectors are little-endian");

constexpr std::uint32_t kBad = 0x01000000;  // no decoded bit lies in the fourth byte

struct Tables {
  std::array<std::uint32_t, 256> at[4];  ///< By the character's place in its group of four.
};

constexpr Tables MakeTables() {
  constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  Tables tables{};
  for (auto& table : tables.at) {
    for (auto& entry : table) entry = kBad;
  }
  for (std::uint32_t value = 0; value < 64; ++value) {
    for (unsigned place = 0; place < 4; ++place) {
      const std::uint32_t bits = value << (18 - 6 * place);
      // As three bytes in the order of memory.
      tables.at[place][static_cast<unsigned char>(kAlphabet[value])] =
          (bits >> 16 & 0xff) | (bits & 0xff00) | (bits & 0xff) << 16;
    }
  }
  return tables;
}

constexpr Tables kTables = MakeTables();

std::uint32_t Group(const char* text) {
  std::uint32_t four;
  std::memcpy(&four, text, sizeof four);
  return kTables.at[0][four & 0xff] | kTables.at[1][four >> 8 & 0xff] |
         kTables.at[2][four >> 16 & 0xff] | kTables.at[3][four >> 24];
}

std::size_t Padding(std::string_view text) {
  if (text.empty() || text.back() != '=') return 0;
  return text[text.size() - 2] == '=' ? 2 : 1;
}

/// The last group, with its padding. Writes 3 - padding bytes.
bool DecodeLast(std::string_view group, std::size_t padding, unsigned char* bytes) {
  char filled[4];
  std::memcpy(filled, group.data(), sizeof filled);
  for (std::size_t i = 0; i < padding; ++i) filled[3 - i] = 'A';
  const std::uint32_t value = Group(filled);
  std::memcpy(bytes, &value, 3 - padding);
  return value >> (8 * (3 - padding)) == 0;
}

}  // namespace

std::optional<std::size_t> Base64FloatCount(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  const std::size_t bytes = text.size() / 4 * 3 - Padding(text);
  if (bytes % sizeof(float) != 0) return std::nullopt;
  return bytes / sizeof(float);
}

bool DecodeBase64Floats(std::string_view text, float* row) {
  if (text.empty()) return true;
  auto* bytes = reinterpret_cast<unsigned char*>(row);
  const std::size_t done = DecodeBase64Blocks(text, bytes);
  bytes += done / 4 * 3;
  const char* at = text.data() + done;
  const char* const last = text.data() + text.size() - 4;
  std::uint32_t seen = 0;
  for (; last - at >= 16; at += 16, bytes += 12) {
    const std::uint32_t a = Group(at);
    const std::uint32_t b = Group(at + 4);
    const std::uint32_t c = Group(at + 8);
    const std::uint32_t d = Group(at + 12);
    seen |= a | b | c | d;
    const std::uint32_t floats[3] = {(a & 0xffffff) | b << 24, (b >> 8 & 0xffff) | c << 16,
                                     (c >> 16 & 0xff) | d << 8};
    std::memcpy(bytes, floats, sizeof floats);
  }
  for (; at != last; at += 4, bytes += 3) {
    const std::uint32_t group = Group(at);
    seen |= group;
    std::memcpy(bytes, &group, 3);
  }
  const std::size_t padding = Padding(text);
  return seen < kBad && DecodeLast({last, 4}, padding, bytes);
}

}  // namespace dsw
