// SPDX-License-Identifier: Apache-2.0
#include "host/app/progress_bar.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include <fmt/format.h>

#include "host/app/terminal.h"

namespace dsw {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

std::string ProgressLine(std::int64_t done, std::int64_t total, milliseconds elapsed,
                         std::int64_t done_at_start, const std::string& unit, int width) {
  const double seconds = static_cast<double>(elapsed.count()) / 1000.0;
  const double rate =
      seconds > 0 ? static_cast<double>(std::max<std::int64_t>(0, done - done_at_start)) / seconds
                  : 0.0;
  if (total <= 0) return fmt::format("{} {}  {:.1f}/s", done, unit, rate);
  const double share = std::clamp(static_cast<double>(done) / static_cast<double>(total), 0.0, 1.0);
  std::string text =
      fmt::format("{:5.1f} %  {}/{} {}  {:.1f}/s", 100.0 * share, done, total, unit, rate);
  if (rate > 0 && done < total) {
    text += fmt::format("  eta {:.0f} s", static_cast<double>(total - done) / rate);
  }
  const int bar = std::min(30, width - static_cast<int>(text.size()) - 4);
  if (bar < 5) return text;
  const int filled = static_cast<int>(share * bar);
  return fmt::format("[{:#<{}}{:{}}]  {}", "", filled, "", bar - filled, text);
}

ProgressBar::ProgressBar(std::string unit)
    : unit_(std::move(unit)), terminal_(StderrIsTerminal()), started_(steady_clock::now()) {}

ProgressBar::~ProgressBar() {
  if (dirty_) Draw();
  if (terminal_ && !first_) std::fputc('\n', stderr);
}

void ProgressBar::Update(std::int64_t done, std::int64_t total) {
  if (std::exchange(first_, false)) done_at_start_ = done;
  done_ = done;
  total_ = total;
  dirty_ = true;
  const auto interval = terminal_ ? milliseconds(100) : milliseconds(1000);
  if (steady_clock::now() - drawn_ >= interval) Draw();
}

void ProgressBar::Draw() {
  const auto now = steady_clock::now();
  const std::string line =
      ProgressLine(done_, total_, std::chrono::duration_cast<milliseconds>(now - started_),
                   done_at_start_, unit_, TerminalWidth());
  if (terminal_) {
    fmt::print(stderr, "\r{}\x1b[K", line);
    std::fflush(stderr);
  } else {
    fmt::print(stderr, "{}\n", line);
  }
  drawn_ = now;
  dirty_ = false;
}

}  // namespace dsw
