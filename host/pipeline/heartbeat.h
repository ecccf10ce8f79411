// SPDX-License-Identifier: Apache-2.0
//
// Signs of life, for as long as something goes on.
#pragma once

#include <chrono>
#include <functional>
#include <thread>

namespace dsw {

/// Calls `beat` every `interval`, from a thread of its own, until it is destroyed.
class Heartbeat {
 public:
  Heartbeat(std::chrono::milliseconds interval, std::function<void()> beat);

 private:
  std::jthread thread_;
};

}  // namespace dsw
