// SPDX-License-Identifier: Apache-2.0
//
// Code that reads bytes of others, and what must hold whatever they are.
#pragma once

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

const std::vector<FuzzTarget>& FuzzTargets();

}  // namespace dsw
