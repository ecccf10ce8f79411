// SPDX-License-Identifier: Apache-2.0
//
// Bytes in memory that have the form of a file and that nobody can change any more.
#pragma once

#include <string>
#include <string_view>

#include "host/base/result.h"

namespace dsw {

struct SealedCopy {
  int fd = -1;       ///< Open until the process ends.
  std::string path;  ///< In /proc, for this process.
};

/// A sealed memory file of `bytes`, whose hash is `sha256`; the same one for the same hash. It is
/// never closed: the dynamic linker knows libraries by their names, and would take the old one for
/// a new one that got the same number. `name`, the file that the bytes are from, is shown as the
/// name of the memory file, as in /proc/PID/maps. kUnavailable when the kernel does not let this
/// process have one. Thread-safe.
Result<SealedCopy> Seal(std::string_view bytes, const std::string& sha256, const std::string& name);

}  // namespace dsw
