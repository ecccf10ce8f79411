// SPDX-License-Identifier: Apache-2.0
//
// A file descriptor that is closed by its owner's destructor.
#pragma once

#include <utility>

#include <unistd.h>

namespace dsw {

class FileDescriptor {
 public:
  FileDescriptor() = default;
  /// Takes over `fd`; negative for none.
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.Release()) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    FileDescriptor old(std::exchange(fd_, other.Release()));
    return *this;
  }
  ~FileDescriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }
  /// Hands it over to the caller.
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

}  // namespace dsw
