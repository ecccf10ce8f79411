// SPDX-License-Identifier: Apache-2.0
#include "host/observe/plugin_metrics.h"

namespace dsw {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily Family(const char* name, const char* help, MetricType type) {
  MetricFamily family;
  family.name = name;
  family.help = help;
  family.type = type;
  return family;
}

void Add(MetricFamily& family, std::vector<ClientMetric::Label> labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  if (family.type == MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  family.metric.push_back(std::move(metric));
}

}  // namespace

std::vector<MetricFamily> PluginMetrics(const std::vector<PluginProcessState>& states) {
  MetricFamily memory = Family("worker_plugin_process_memory_bytes",
                               "Memory of a plugin's process, what it shares with the worker "
                               "included.",
                               MetricType::Gauge);
  MetricFamily restarts =
      Family("worker_plugin_process_restarts_total",
             "Processes that were started for a plugin because one died.", MetricType::Counter);
  MetricFamily state = Family("worker_plugin_process_state",
                              "1 for the state that a plugin's process is in.", MetricType::Gauge);
  for (const PluginProcessState& process : states) {
    Add(memory, {{"plugin", process.plugin}}, static_cast<double>(process.memory_bytes));
    Add(restarts, {{"plugin", process.plugin}}, static_cast<double>(process.restarts));
    for (const char* const name : {"running", "down", "quarantined"}) {
      Add(state, {{"plugin", process.plugin}, {"state", name}}, process.state == name ? 1 : 0);
    }
  }
  if (states.empty()) return {};
  return {std::move(memory), std::move(restarts), std::move(state)};
}

}  // namespace dsw
