// SPDX-License-Identifier: Apache-2.0
//
// The worker's memory does not depend on the size of a dataset. Prints what it measured; other
// sizes can be tried with DSW_MEMORY_CHUNKS, the number of chunks of the larger dataset.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/e2e/world.h"

namespace dsw {
namespace {

struct Usage {
  std::int64_t peak_rss_kib = 0;
  double cpu_seconds = 0;
  double wall_seconds = 0;
};

/// What a process has used so far; nothing changes once it has ended.
void Observe(pid_t pid, Usage& usage) {
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("VmHWM:", 0) == 0) usage.peak_rss_kib = std::stoll(line.substr(6));
  }
  std::string stat;
  std::getline(std::ifstream(fmt::format("/proc/{}/stat", pid)), stat);
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return;
  std::istringstream fields(stat.substr(name_end + 1));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  if (fields >> user >> system && user + system > 0) {
    usage.cpu_seconds = (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
  }
}

class MemoryTest : public testing::Test {
 protected:
  /// Embeds a dataset of `chunks` chunks, a hundred to an item.
  Usage Embed(std::int64_t chunks) {
    constexpr int kPerItem = 100;
    const std::int64_t transform = world_.ImportItems(
        fmt::format("{} chunks", chunks), static_cast<int>(chunks / kPerItem), kPerItem);
    world_.Submit(transform);
    Usage usage;
    const auto started = std::chrono::steady_clock::now();
    Process worker = world_.StartWorker({"--until-idle"});
    while (!worker.Wait(std::chrono::milliseconds(20))) Observe(worker.pid(), usage);
    usage.wall_seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    EXPECT_EQ(world_.PointIds(transform).size(), static_cast<std::size_t>(chunks));
    std::cout << fmt::format("{} chunks: peak RSS {:.1f} MiB, {:.2f} CPU-seconds, {:.1f} s\n",
                             chunks, static_cast<double>(usage.peak_rss_kib) / 1024,
                             usage.cpu_seconds, usage.wall_seconds);
    return usage;
  }

  World world_;
};

TEST_F(MemoryTest, PeakMemoryDoesNotGrowWithTheDataset) {
  const char* wanted = std::getenv("DSW_MEMORY_CHUNKS");
  const std::int64_t large = wanted != nullptr ? std::max(1000L, std::atol(wanted)) : 50'000;
  world_.Set("LOG_LEVEL", "info");
  const Usage small_usage = Embed(large / 10);
  const Usage large_usage = Embed(large);
  EXPECT_LT(large_usage.peak_rss_kib - small_usage.peak_rss_kib, 20 * 1024);
}

}  // namespace
}  // namespace dsw
