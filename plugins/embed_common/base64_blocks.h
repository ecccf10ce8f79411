// SPDX-License-Identifier: Apache-2.0
//
// The bulk of base64, thirty-two characters at a time, where the processor can (AVX2).
#pragma once

#include <cstddef>
#include <string_view>

namespace dsw {

/// Decodes whole blocks from the front of `text` into `bytes`, 24 bytes each, and returns how many
/// characters it took: 0 on other processors. Stops before a block with a character that is not of
/// the alphabet, padding among them, and writes nothing behind the bytes that `text` stands for,
/// which are any after those of the blocks.
std::size_t DecodeBase64Blocks(std::string_view text, unsigned char* bytes);

}  // namespace dsw
