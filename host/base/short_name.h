// SPDX-License-Identifier: Apache-2.0
//
// Names of others where there is room for so much only.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace dsw {

/// The beginning of UTF-8 `text`, at most `most` bytes, not cut inside a character.
std::string_view Beginning(std::string_view text, std::size_t most);

/// `text` if it is at most `most` bytes long, else its beginning, "-" and a hash of all of it,
/// which together are at most `most` bytes long. `most` is at least 17.
std::string ShortName(std::string_view text, std::size_t most);

}  // namespace dsw
