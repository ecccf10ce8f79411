// SPDX-License-Identifier: Apache-2.0
#include "tests/fault/point_id.h"

#include <array>
#include <stdexcept>

#include <fmt/format.h>
#include <openssl/evp.h>

namespace dsw::fault_test {

std::string ExpectedId(std::int64_t embedded_dataset, std::int64_t item, std::int64_t chunk) {
  // 6ba7b810-9dad-11d1-80b4-00c04fd430c8, RFC 4122 appendix C.
  std::string input("\x6b\xa7\xb8\x10\x9d\xad\x11\xd1\x80\xb4\x00\xc0\x4f\xd4\x30\xc8", 16);
  input += fmt::format("ed-{}-item-{}-chunk-{}", embedded_dataset, item, chunk);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(input.data(), input.size(), digest.data(), &size, EVP_sha1(), nullptr) != 1) {
    throw std::runtime_error("SHA-1 failed");
  }
  digest[6] = static_cast<unsigned char>((digest[6] & 0x0fU) | 0x50U);
  digest[8] = static_cast<unsigned char>((digest[8] & 0x3fU) | 0x80U);
  std::string text;
  for (std::size_t i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += fmt::format("{:02x}", digest[i]);
  }
  return text;
}

}  // namespace dsw::fault_test
