// SPDX-License-Identifier: Apache-2.0
#include "host/app/memory_limit.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

namespace dsw {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kNone = std::numeric_limits<std::uint64_t>::max();

/// The number in the file; kNone for "max", or when there is none.
std::uint64_t ReadLimit(const fs::path& file) {
  std::ifstream in(file);
  std::uint64_t bytes = 0;
  return in >> bytes ? bytes : kNone;
}

/// The tightest limit from the group upwards.
std::uint64_t TightestOf(const fs::path& mount, fs::path group, const char* file) {
  std::uint64_t limit = ReadLimit(mount / file);
  for (; !group.empty() && group != group.parent_path(); group = group.parent_path()) {
    limit = std::min(limit, ReadLimit(mount / group.relative_path() / file));
  }
  return limit;
}

std::uint64_t MachineMemory(const fs::path& root) {
  std::ifstream in(root / "proc/meminfo");
  for (std::string name; in >> name;) {
    std::uint64_t kilobytes = 0;
    if (name == "MemTotal:" && in >> kilobytes) return kilobytes * 1024;
  }
  return kNone;
}

}  // namespace

std::uint64_t MemoryLimit(const fs::path& root) {
  std::uint64_t limit = MachineMemory(root);
  std::ifstream groups(root / "proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    // As "0::/path" or "9:memory:/path".
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const fs::path group = line.substr(second + 1);
    if (controllers.empty()) {
      limit = std::min(limit, TightestOf(root / "sys/fs/cgroup", group, "memory.max"));
    } else if (controllers == "memory") {
      limit = std::min(limit,
                       TightestOf(root / "sys/fs/cgroup/memory", group, "memory.limit_in_bytes"));
    }
  }
  return limit;
}

}  // namespace dsw
