// SPDX-License-Identifier: Apache-2.0
//
// AES-256-GCM with the nonce in front and the tag behind.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dsw {

inline constexpr std::size_t kGcmNonceSize = 12;
inline constexpr std::size_t kGcmTagSize = 16;
using AesKey = std::array<std::uint8_t, 32>;

/// The plain text; nothing when `sealed` was not made with this key, or was changed.
std::optional<std::string> DecryptAesGcm(const AesKey& key, std::string_view sealed);

}  // namespace dsw
