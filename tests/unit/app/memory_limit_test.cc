// SPDX-License-Identifier: Apache-2.0
#include "host/app/memory_limit.h"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace dsw {
namespace {

class MemoryLimitTest : public testing::Test {
 protected:
  void Write(const std::filesystem::path& file, const std::string& text) {
    std::filesystem::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }
  std::uint64_t Limit() { return MemoryLimit(root_.path()); }

  TempDir root_;
};

TEST_F(MemoryLimitTest, IsTheMachinesMemoryWhereNothingElseIsSaid) {
  Write("proc/meminfo", "MemFree: 1 kB\nMemTotal:       2048 kB\n");
  EXPECT_EQ(Limit(), 2048u * 1024);
  Write("proc/self/cgroup", "0::/\n");
  Write("sys/fs/cgroup/memory.max", "max\n");
  EXPECT_EQ(Limit(), 2048u * 1024);
}

TEST_F(MemoryLimitTest, IsTheTightestOfTheControlGroups) {
  Write("proc/meminfo", "MemTotal: 4096 kB\n");
  Write("proc/self/cgroup", "0::/outer/inner\n");
  Write("sys/fs/cgroup/outer/memory.max", "1000000\n");
  Write("sys/fs/cgroup/outer/inner/memory.max", "max\n");
  EXPECT_EQ(Limit(), 1'000'000u);
  Write("sys/fs/cgroup/outer/inner/memory.max", "500000\n");
  EXPECT_EQ(Limit(), 500'000u);
}

TEST_F(MemoryLimitTest, KnowsControlGroupsOfVersionOne) {
  Write("proc/meminfo", "MemTotal: 4096 kB\n");
  Write("proc/self/cgroup", "9:cpu:/x\n8:memory:/docker\n");
  Write("sys/fs/cgroup/memory/docker/memory.limit_in_bytes", "300000\n");
  EXPECT_EQ(Limit(), 300'000u);
}

}  // namespace
}  // namespace dsw
