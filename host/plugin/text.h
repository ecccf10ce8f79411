// SPDX-License-Identifier: Apache-2.0
//
// Text that crosses the plugin boundary.
#pragma once

#include <string_view>

#include <dsw/plugin.h>

namespace dsw {

/// Borrows; empty when the pointer is null, whatever the length says.
inline std::string_view ViewOf(const dsw_str& text) {
  return text.ptr == nullptr ? std::string_view() : std::string_view(text.ptr, text.len);
}

/// Borrows.
inline dsw_str StrOf(std::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace dsw
