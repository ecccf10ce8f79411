// SPDX-License-Identifier: Apache-2.0
//
// What there is to know about the terminal, if there is one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace dsw {

bool StdoutIsTerminal();
bool StderrIsTerminal();
/// Columns of the terminal behind stdout or stderr; 80 when there is none.
int TerminalWidth();

/// `text` cut at spaces into lines of at most `width` characters, at most `most` lines; runs of
/// white space count as one space, and an ellipsis marks what was left out. Pure.
std::vector<std::string> WrapText(std::string_view text, std::size_t width, std::size_t most);

}  // namespace dsw
