// SPDX-License-Identifier: Apache-2.0
#include "host/tool/scan.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/file_descriptor.h"
#include "host/plugin/guarded_file.h"

namespace dsw {

namespace fs = std::filesystem;

Result<fs::path> ResolveDirectory(const fs::path& directory) {
  std::error_code error;
  const fs::path resolved = fs::canonical(directory, error);
  if (error) return Fail(Code::kNotFound, directory.string() + ": " + error.message());
  if (!fs::is_directory(resolved, error)) {
    return Fail(Code::kInvalid, directory.string() + ": is not a directory");
  }
  return resolved;
}

void WarnIfExposed(const fs::path& path) {
  const Result<GuardedFile> file = OpenGuarded(path);
  if (!file || file->exposed.empty()) return;
  fmt::print(stderr, "dsw-plugin: warning: {}. Until then workers rely on a signature alone.\n",
             file->exposed);
}

Status ReplaceFile(const fs::path& path, std::string_view content) {
  // A new name each time: a link that somebody else made under a known one would be followed.
  std::string fresh = path.string() + ".XXXXXX";
  const FileDescriptor file(mkostemp(fresh.data(), O_CLOEXEC));
  const auto size = static_cast<ssize_t>(content.size());
  if (file.get() >= 0 && write(file.get(), content.data(), content.size()) == size &&
      fchmod(file.get(), 0644) == 0 && fsync(file.get()) == 0 &&
      rename(fresh.c_str(), path.c_str()) == 0) {
    return {};
  }
  const int error = errno;
  if (file.get() >= 0) unlink(fresh.c_str());
  return Fail(Code::kUnavailable, fmt::format("{}: cannot be written: {}", path.string(),
                                              std::generic_category().message(error)));
}

}  // namespace dsw
