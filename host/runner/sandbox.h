// SPDX-License-Identifier: Apache-2.0
//
// What the plugin's process may not do.
#pragma once

#include <cstdint>
#include <string>

namespace dsw::runner {

/// What the operator granted beyond computing and asking the worker.
struct Grants {
  bool files = false;
  bool net = false;
};

/// Confines the process, before it has other threads: no privileges to gain, death with the worker
/// (of process id `parent`), no core files, bounded descriptors, at most `memory` bytes of its own
/// (0: any number), no programs, no processes, no tracing; without grants no network, no writing to
/// files, and reading only what programs are made of (/usr, /lib, …). Refused system calls fail,
/// they do not kill. When the machine runs out of memory, it is this process that goes and not the
/// worker. Text of the failure, empty for none; a kernel without Landlock is remarked on stderr.
std::string Confine(const Grants& grants, std::uint64_t memory, int parent);

}  // namespace dsw::runner
