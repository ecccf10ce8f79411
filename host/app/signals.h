// SPDX-License-Identifier: Apache-2.0
//
// SIGTERM and SIGINT as something to wait for instead of something that interrupts.
#pragma once

#include <chrono>

namespace dsw {

/// Takes SIGTERM and SIGINT out of circulation for this thread and those started from it; to be
/// made before any other thread. SIGPIPE is ignored from then on: writing to a closed connection is
/// an error value, not the end of the process. Bound to the main thread.
class StopSignalWaiter {
 public:
  StopSignalWaiter();
  /// True when a signal came within `most`; each signal is reported once.
  bool Wait(std::chrono::milliseconds most);
};

}  // namespace dsw
