// SPDX-License-Identifier: Apache-2.0
//
// Whether a file is still the one that it was.
#pragma once

#include <cstdint>

#include <sys/stat.h>

namespace dsw {

/// What a file was when it was last looked at.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = -1;  ///< -1: it was not there.
  std::int64_t changed_ns = 0;

  bool operator==(const FileStamp&) const = default;
};

inline FileStamp StampOf(const struct stat& facts) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  return {.device = facts.st_dev,
          .inode = facts.st_ino,
          .size = facts.st_size,
          .changed_ns = facts.st_ctim.tv_sec * kSecond + facts.st_ctim.tv_nsec};
}

}  // namespace dsw
