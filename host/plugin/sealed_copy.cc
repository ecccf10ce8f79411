// SPDX-License-Identifier: Apache-2.0
#include "host/plugin/sealed_copy.h"

#include <map>
#include <mutex>
#include <utility>

#include <fmt/format.h>

#include "host/base/sealed_file.h"

namespace dsw {

Result<SealedCopy> Seal(std::string_view bytes, const std::string& sha256,
                        const std::string& name) {
  static std::mutex mutex;
  static auto& copies = *new std::map<std::string, SealedCopy>;
  const std::lock_guard lock(mutex);
  const auto known = copies.find(sha256);
  if (known != copies.end()) return known->second;
  ASSIGN_OR_RETURN(FileDescriptor file, SealedFile(bytes, name));
  const int fd = file.Release();
  return copies[sha256] = SealedCopy{.fd = fd, .path = fmt::format("/proc/self/fd/{}", fd)};
}

}  // namespace dsw
