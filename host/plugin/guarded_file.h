// SPDX-License-Identifier: Apache-2.0
//
// Opens files and says who else could have changed what is in them or what their path leads to.
//
// Owners: a worker that runs as root trusts what belongs to root and nothing else. Any other worker
// also trusts whoever put the files there, whom it cannot tell from a stranger.
// Modes: neither the file nor any directory that its path leads through, by links too, should be
// writable for group or others. Two kinds of directory may be: one that is mounted read-only, as
// Kubernetes mounts what it calls 0777; and one above that belongs to root and has the sticky bit,
// as /tmp, and of which the next part of the path belongs to root or to the worker's user. The
// kernel then lets nobody else rename or remove that part.
#pragma once

#include <filesystem>
#include <string>

#include <sys/stat.h>

#include "host/base/file_descriptor.h"
#include "host/base/result.h"

namespace dsw {

enum class Exposure {
  kNone,
  kPartly,  ///< To a group; or to everybody who knows their way through a directory further up.
  kOpen,    ///< The file or its directory to everybody; or anything to another user, from root.
};

struct GuardedFile {
  FileDescriptor fd;
  struct stat facts {};
  std::filesystem::path path;  ///< Links resolved.
  /// Only root can change the file, or what its path leads to.
  bool immutable = false;
  Exposure exposure = Exposure::kNone;
  std::string exposed;  ///< What is exposed, and how to mend that; empty when nothing is.
};

/// Opens a regular file. Its path is walked part by part, so that what was looked at is what is
/// opened. kInvalid, with the way out, when it cannot be, or is setuid or setgid.
Result<GuardedFile> OpenGuarded(const std::filesystem::path& path);

/// The whole content. kInvalid when that is more than `largest` bytes.
Result<std::string> ReadAll(const GuardedFile& file, std::size_t largest);

/// Both of these in one.
Result<std::string> ReadExposed(const std::filesystem::path& path, std::size_t largest);
/// The same, and kInvalid for a file of which anything is exposed.
Result<std::string> ReadGuarded(const std::filesystem::path& path, std::size_t largest);

}  // namespace dsw
