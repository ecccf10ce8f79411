// SPDX-License-Identifier: Apache-2.0
#include "host/observe/process_metrics.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <system_error>

#include <unistd.h>

namespace dsw {
namespace {

prometheus::MetricFamily Family(const char* name, const char* help, prometheus::MetricType type,
                                double value) {
  prometheus::ClientMetric metric;
  if (type == prometheus::MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  prometheus::MetricFamily family;
  family.name = name;
  family.help = help;
  family.type = type;
  family.metric.push_back(metric);
  return family;
}

/// The fields of /proc/self/stat from the third on; see proc(5). The second may hold spaces.
std::vector<double> StatFields() {
  std::ifstream file("/proc/self/stat");
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const std::size_t name_end = text.rfind(") ");
  if (name_end == std::string::npos) return {};
  std::istringstream rest(text.substr(name_end + 4));  // ") ", the state, a blank
  return {std::istream_iterator<double>(rest), std::istream_iterator<double>()};
}

double BootTimeSeconds() {
  std::ifstream file("/proc/stat");
  std::string word;
  double seconds = 0;
  while (file >> word) {
    if (word == "btime" && file >> seconds) return seconds;
  }
  return 0;
}

}  // namespace

std::vector<prometheus::MetricFamily> ProcessMetrics::Collect() const {
  using prometheus::MetricType;
  std::vector<prometheus::MetricFamily> families;
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));

  // Indexes are those of proc(5) less 4: fields count from 1, and the first three are cut off.
  if (const std::vector<double> stat = StatFields(); stat.size() > 20) {
    families.push_back(Family("process_cpu_seconds_total", "User and system CPU time spent.",
                              MetricType::Counter, (stat[10] + stat[11]) / ticks));
    families.push_back(
        Family("process_threads", "Number of threads.", MetricType::Gauge, stat[16]));
    families.push_back(Family("process_start_time_seconds", "Start time since the Unix epoch.",
                              MetricType::Gauge, BootTimeSeconds() + stat[18] / ticks));
    families.push_back(Family("process_virtual_memory_bytes", "Virtual memory size.",
                              MetricType::Gauge, stat[19]));
    families.push_back(Family("process_resident_memory_bytes", "Resident memory size.",
                              MetricType::Gauge, stat[20] * page));
  }
  std::error_code error;
  const std::filesystem::directory_iterator descriptors("/proc/self/fd", error);
  if (!error) {
    families.push_back(
        Family("process_open_fds", "Number of open file descriptors.", MetricType::Gauge,
               static_cast<double>(std::distance(begin(descriptors), end(descriptors)))));
  }
  return families;
}

}  // namespace dsw
