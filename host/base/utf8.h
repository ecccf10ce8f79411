// SPDX-License-Identifier: Apache-2.0
//
// Bytes of others as text that everybody takes.
#pragma once

#include <string>
#include <string_view>

namespace dsw {

/// `text` with U+FFFD for every byte that is not part of well-formed UTF-8, and for every NUL.
std::string CleanUtf8(std::string_view text);

/// `text` as a terminal may show it, whoever wrote it: control characters as "\x1b" or "\n", and
/// U+FFFD for what is not UTF-8.
std::string Visible(std::string_view text);

}  // namespace dsw
