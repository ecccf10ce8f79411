// SPDX-License-Identifier: Apache-2.0
//
// Code that reads bytes of others, and what must hold whatever they are.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace dsw {

struct FuzzTarget {
  std::string_view name;
  /// Ends the process when what must hold does not.
  void (*run)(std::string_view input);
  /// Inputs to start from.
  std::vector<std::string_view> seeds;
};

std::vector<FuzzTarget> HostTargets();
std::vector<FuzzTarget> IsolationTargets();
std::vector<FuzzTarget> ProviderTargets();
std::vector<FuzzTarget> SinkTargets();

/// All of them.
const std::vector<FuzzTarget>& FuzzTargets();

inline void Must(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

}  // namespace dsw
