// SPDX-License-Identifier: Apache-2.0
//
// What a plugin's process says outside of calls, as log lines.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <dsw/plugin.h>

#include "host/isolation/wire_reader.h"

namespace dsw {

/// Cuts what a process writes to stderr into lines, which come out as well-formed UTF-8 without
/// control characters and of bounded length. Belongs to one thread.
class LineCutter {
 public:
  /// `write` gets each line that is not empty.
  explicit LineCutter(std::function<void(const std::string&)> write) : write_(std::move(write)) {}
  void Add(std::string_view bytes);
  /// The rest, which no end of line follows.
  void Finish();

 private:
  const std::function<void(const std::string&)> write_;
  std::string line_;
};

/// Lets a burst of lines through, and then some every second, so that a process that does not stop
/// talking does not fill the log. Belongs to one thread.
class LineBudget {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  static constexpr int kBurst = 100;
  static constexpr int kPerSecond = 10;

  /// Whether a line of now may be written; else it counts as dropped.
  bool Take(TimePoint now);
  /// Lines that were dropped since this was last asked.
  std::uint64_t TakeDropped();

 private:
  double left_ = kBurst;
  TimePoint last_{};
  std::uint64_t dropped_ = 0;
};

/// Logs the line of a wire::Kind::kLog through the host's own function, as if the plugin had called
/// it there. False when it cannot be read.
bool ForwardLogLine(const dsw_host& host, const dsw_call* call, wire::Reader& message);

}  // namespace dsw
