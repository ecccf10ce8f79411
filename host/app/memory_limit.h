// SPDX-License-Identifier: Apache-2.0
//
// How much memory the process may use, as its container or the machine says.
#pragma once

#include <cstdint>
#include <filesystem>

namespace dsw {

/// Bytes: the tightest limit of the process's control groups (version 2, or the memory controller
/// of version 1), else the machine's memory. `root` is where /proc and /sys are found.
std::uint64_t MemoryLimit(const std::filesystem::path& root = "/");

}  // namespace dsw
