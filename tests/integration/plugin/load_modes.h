// SPDX-License-Identifier: Apache-2.0
//
// The ways in which plugins are run, for tests that hold for each of them.
#pragma once

#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "host/plugin/load_options.h"

namespace dsw {

/// Options with which every plugin runs so.
inline LoadOptions OptionsFor(Isolation isolation) {
  LoadOptions options;
  options.isolation = isolation;
  if (isolation == Isolation::kAll) options.runner = PLUGIN_RUNNER;
  return options;
}

/// For tests that are run once for each mode.
inline LoadOptions LoadOptionsOfTest() {
  return OptionsFor(std::getenv("DSW_TEST_ISOLATED") == nullptr ? Isolation::kNone
                                                                : Isolation::kAll);
}

inline auto BothModes() {
  return testing::Values(Isolation::kNone, Isolation::kAll);
}

inline std::string ModeOf(const testing::TestParamInfo<Isolation>& info) {
  return info.param == Isolation::kAll ? "Isolated" : "InProcess";
}

}  // namespace dsw
