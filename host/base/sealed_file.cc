// SPDX-License-Identifier: Apache-2.0
#include "host/base/sealed_file.h"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

namespace dsw {
namespace {

// Of Linux 6.3; older headers do not have it, and older kernels refuse it.
constexpr unsigned kMemfdExec = 0x10;
constexpr std::size_t kLongestName = 249;

tl::unexpected<Error> Failed(std::string_view what) {
  return Fail(Code::kUnavailable, fmt::format("cannot be copied to sealed memory ({}: {})", what,
                                              std::generic_category().message(errno)));
}

int Create(const std::string& name) {
  constexpr unsigned kFlags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  const std::string shown = name.substr(0, kLongestName);
  const int fd = memfd_create(shown.c_str(), kFlags | kMemfdExec);
  return fd >= 0 || errno != EINVAL ? fd : memfd_create(shown.c_str(), kFlags);
}

}  // namespace

Result<FileDescriptor> SealedFile(std::string_view bytes, const std::string& name) {
  FileDescriptor file(Create(name));
  if (file.get() < 0) return Failed("memfd_create");
  while (!bytes.empty()) {
    const ssize_t count = write(file.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Failed("write");
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  constexpr int kSeals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
  if (fcntl(file.get(), F_ADD_SEALS, kSeals) != 0) return Failed("F_ADD_SEALS");
  return file;
}

}  // namespace dsw
