// SPDX-License-Identifier: Apache-2.0
//
// How plugins' processes are doing, as metrics.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <prometheus/metric_family.h>

namespace dsw {

struct PluginProcessState {
  std::string plugin;  ///< Its id.
  std::string state;   ///< "running", "down" or "quarantined".
  std::uint64_t restarts = 0;
  std::uint64_t memory_bytes = 0;
};
/// Looks at all of them. Thread-safe and quick.
using PluginProcessLook = std::function<std::vector<PluginProcessState>()>;

/// Pure. A state that a plugin is not in stands there as 0.
std::vector<prometheus::MetricFamily> PluginMetrics(const std::vector<PluginProcessState>& states);

}  // namespace dsw
