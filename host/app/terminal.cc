// SPDX-License-Identifier: Apache-2.0
#include "host/app/terminal.h"

#include <algorithm>
#include <utility>

#include <sys/ioctl.h>
#include <unistd.h>

namespace dsw {
namespace {

/// Characters, as code points of valid UTF-8.
std::size_t Length(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

}  // namespace

bool StdoutIsTerminal() {
  return isatty(STDOUT_FILENO) == 1;
}
bool StderrIsTerminal() {
  return isatty(STDERR_FILENO) == 1;
}

int TerminalWidth() {
  winsize size{};
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  }
  return 80;
}

std::vector<std::string> WrapText(std::string_view text, std::size_t width, std::size_t most) {
  constexpr std::string_view kSpaces = " \t\r\n";
  std::vector<std::string> lines;
  std::string line;
  while (true) {
    const std::size_t begin = text.find_first_not_of(kSpaces);
    if (begin == std::string_view::npos) break;
    text.remove_prefix(begin);
    const std::string_view word = text.substr(0, text.find_first_of(kSpaces));
    text.remove_prefix(word.size());
    if (!line.empty() && Length(line) + 1 + Length(word) > width) {
      if (lines.size() + 1 == most) {
        lines.push_back(line + " …");
        return lines;
      }
      lines.push_back(std::exchange(line, std::string()));
    }
    if (!line.empty()) line += ' ';
    line += word;
  }
  if (!line.empty()) lines.push_back(std::move(line));
  return lines;
}

}  // namespace dsw
