// SPDX-License-Identifier: Apache-2.0
//
// Opens files of which nobody but the worker's own side can change the content or the place.
//
// Owners: a worker that runs as root trusts what belongs to root and nothing else. Any other worker
// also trusts whoever put the files there, whom it cannot tell from a stranger.
// Modes: neither the file nor any directory above it may be writable for group or others. One kind
// of directory above may be: one with the sticky bit that belongs to root, as /tmp, and of which
// the next part of the path belongs to root or to the worker's user. The kernel then lets nobody
// else rename or remove that part; people try out plugins there, and so do tests. The directory
// that holds the file itself has no such exception: what is listed there anybody could have added.
#pragma once

#include <filesystem>
#include <string>

#include <sys/stat.h>

#include "host/base/result.h"
#include "host/plugin/file_descriptor.h"

namespace dsw {

struct GuardedFile {
  FileDescriptor fd;
  struct stat facts {};
  /// Only root can change the file, or what its path leads to.
  bool immutable = false;
};

/// Opens the regular file at `path`, which has no links in it (as canonical() makes it) and is
/// walked part by part, so that none can be put there meanwhile. kInvalid, with the way out, when
/// one of the rules above is broken, or the file is larger than 1 GiB, or setuid or setgid.
Result<GuardedFile> OpenGuarded(const std::filesystem::path& path);

/// The same for a name that may be a link: `directory`, which has no links in it, keeps to the
/// rules for directories above, and so does what the link leads to. `path` becomes that.
Result<GuardedFile> OpenGuardedLink(const std::filesystem::path& directory, const std::string& name,
                                    std::filesystem::path& path);

/// The whole content of an open file of `size` bytes.
Result<std::string> ReadAll(int fd, std::size_t size);

}  // namespace dsw
