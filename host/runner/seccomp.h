// SPDX-License-Identifier: Apache-2.0
//
// Which system calls are refused.
#pragma once

namespace dsw::runner {

/// Refuses, with EPERM or EACCES, system calls that reach beyond the process: other processes,
/// programs, the machine; without `net` sockets, without `files` everything that changes a file
/// system or opens a file for writing. Holds for this thread and those that it makes. False with
/// errno when it cannot be installed.
bool InstallFilter(bool files, bool net);

}  // namespace dsw::runner
