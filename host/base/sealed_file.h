// SPDX-License-Identifier: Apache-2.0
//
// Bytes in memory that have the form of a file and that nobody can change any more.
#pragma once

#include <string>
#include <string_view>

#include "host/base/file_descriptor.h"
#include "host/base/result.h"

namespace dsw {

/// A sealed memory file of `bytes`, which code may be loaded from. `name`, the path of the file
/// that they are from, is shown as its name, as in /proc/PID/maps and /proc/PID/fd. kUnavailable
/// when the kernel does not let this process have one.
Result<FileDescriptor> SealedFile(std::string_view bytes, const std::string& name);

}  // namespace dsw
