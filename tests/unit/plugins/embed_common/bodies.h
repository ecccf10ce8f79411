// SPDX-License-Identifier: Apache-2.0
//
// Answers for readers: padded as the worker pads them, and vectors as text.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <dsw/plugin.h>

namespace dsw {

/// A body with the zero bytes behind it.
class PaddedBody {
 public:
  explicit PaddedBody(std::string body) : text_(std::move(body)), size_(text_.size()) {
    text_.append(DSW_HTTP_BODY_PADDING, '\0');
  }
  std::string_view view() const { return {text_.data(), size_}; }

 private:
  std::string text_;
  std::size_t size_;
};

inline std::string Base64Of(std::string_view bytes) {
  constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t size = std::min<std::size_t>(3, bytes.size() - at);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      group = group << 8 | (i < size ? static_cast<unsigned char>(bytes[at + i]) : 0u);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      text += i <= size ? kAlphabet[group >> (18 - 6 * i) & 63] : '=';
    }
  }
  return text;
}

inline std::string Base64Of(const std::vector<float>& vector) {
  std::string bytes(vector.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), vector.data(), bytes.size());
  return Base64Of(bytes);
}

}  // namespace dsw
