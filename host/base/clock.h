// SPDX-License-Identifier: Apache-2.0
//
// Time as a dependency: what waits and what stamps takes a Clock, so that tests do not sleep.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>

namespace dsw {

/// Thread-safe.
class Clock {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  virtual ~Clock() = default;
  virtual TimePoint Now() const = 0;
  virtual std::chrono::system_clock::time_point WallNow() const = 0;
  /// Waits until `time` or until `stop` is requested; true when the whole time passed.
  virtual bool WaitUntil(TimePoint time, std::stop_token stop) = 0;

  bool WaitFor(std::chrono::milliseconds duration, std::stop_token stop) {
    return WaitUntil(Now() + duration, std::move(stop));
  }
};

/// The machine's clock.
class SystemClock final : public Clock {
 public:
  TimePoint Now() const override;
  std::chrono::system_clock::time_point WallNow() const override;
  bool WaitUntil(TimePoint time, std::stop_token stop) override;
};

/// RFC 3339 in UTC with milliseconds, as "2026-11-22T16:25:31.042Z".
std::string FormatUtc(std::chrono::system_clock::time_point time);

}  // namespace dsw
