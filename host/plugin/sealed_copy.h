// SPDX-License-Identifier: Apache-2.0
//
// Sealed files that the dynamic linker of this process opens.
#pragma once

#include <string>
#include <string_view>

#include "host/base/result.h"

namespace dsw {

struct SealedCopy {
  int fd = -1;       ///< Open until the process ends.
  std::string path;  ///< In /proc, for this process.
};

/// As SealedFile(), of `bytes` whose hash is `sha256`; the same one for the same hash. It is never
/// closed: the dynamic linker knows libraries by their names, and would take the old one for a new
/// one that got the same number. Thread-safe.
Result<SealedCopy> Seal(std::string_view bytes, const std::string& sha256, const std::string& name);

}  // namespace dsw
