// SPDX-License-Identifier: Apache-2.0
//
// A file descriptor that is closed by its owner's destructor.
#pragma once

#include <unistd.h>

namespace dsw {

class FileDescriptor {
 public:
  /// Takes over `fd`; negative for none.
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  const int fd_;
};

}  // namespace dsw
