// SPDX-License-Identifier: Apache-2.0
//
// The floating-point environment of a thread, and code that changes it.
#pragma once

#include <cfenv>

namespace dsw {

/// Keeps the floating-point environment of the thread: restores it when it goes out of scope. A
/// library that was linked with -ffast-math turns denormals off when it is loaded, and the threads
/// that this one starts inherit that.
class FloatingPointKeeper {
 public:
  FloatingPointKeeper() { std::fegetenv(&environment_); }
  FloatingPointKeeper(const FloatingPointKeeper&) = delete;
  FloatingPointKeeper& operator=(const FloatingPointKeeper&) = delete;
  ~FloatingPointKeeper() { std::fesetenv(&environment_); }

 private:
  std::fenv_t environment_{};
};

}  // namespace dsw
