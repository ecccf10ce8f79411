// SPDX-License-Identifier: Apache-2.0
//
// What loading and loading again have in common.
#pragma once

#include <set>
#include <string>

#include "host/plugin/loader.h"

namespace dsw {

/// A warning that holds for many files, as one of their directory, is a warning once: `warned`
/// keeps those that were told.
void LogVerdict(const PluginReport& report, std::set<std::string>& warned);

}  // namespace dsw
