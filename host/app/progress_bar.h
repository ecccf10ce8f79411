// SPDX-License-Identifier: Apache-2.0
//
// Progress on stderr: a bar that redraws itself on a terminal, a line a second elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace dsw {

/// One line about progress, as "[#####               ]  25.0 %  250/1000 chunks  81.2/s  eta 9 s".
/// `total` 0 means unknown. Pure.
std::string ProgressLine(std::int64_t done, std::int64_t total, std::chrono::milliseconds elapsed,
                         std::int64_t done_at_start, const std::string& unit, int width);

/// Belongs to one thread at a time.
class ProgressBar {
 public:
  explicit ProgressBar(std::string unit);
  /// Leaves the last state on a line of its own.
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  /// Shows the state, at most ten times a second on a terminal and once a second elsewhere.
  void Update(std::int64_t done, std::int64_t total);

 private:
  void Draw();

  const std::string unit_;
  const bool terminal_;
  const std::chrono::steady_clock::time_point started_;
  std::chrono::steady_clock::time_point drawn_{};
  bool dirty_ = false;
  bool first_ = true;
  std::int64_t done_at_start_ = 0;
  std::int64_t done_ = 0;
  std::int64_t total_ = 0;
};

}  // namespace dsw
