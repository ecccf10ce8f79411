// SPDX-License-Identifier: Apache-2.0
//
// Where the bodies of responses are received. Large buffers are used again: to give megabytes back
// to the system and to fault them in anew costs about as much as to receive them.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

namespace dsw {

/// Grows at its end. Belongs to one thread at a time.
class BodyBuffer {
 public:
  BodyBuffer() = default;
  BodyBuffer(BodyBuffer&& other) noexcept { *this = std::move(other); }
  BodyBuffer& operator=(BodyBuffer&& other) noexcept {
    memory_ = std::move(other.memory_);
    size_ = std::exchange(other.size_, 0);
    capacity_ = std::exchange(other.capacity_, 0);
    return *this;
  }

  /// False, and unchanged, when there is no memory.
  bool Reserve(std::size_t bytes);
  bool Append(std::string_view bytes);
  /// Puts HttpResponse::kBodyPadding zero bytes behind what was appended. False without memory.
  bool Pad();
  void Clear() { size_ = 0; }

  std::string_view view() const { return {memory_.get(), size_}; }
  std::size_t capacity() const { return capacity_; }

 private:
  struct Free {
    void operator()(char* memory) const { std::free(memory); }
  };

  std::unique_ptr<char, Free> memory_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;  ///< Without the padding.
};

/// Thread-safe.
class BodyBufferPool {
 public:
  /// Empty, with room for `expected` bytes if one of the buffers has it; 0: how many is unknown.
  BodyBuffer Take(std::size_t expected);
  /// Keeps the buffer, unless it is small, or the kept ones were to hold too much.
  void Give(BodyBuffer buffer);

 private:
  std::mutex mutex_;
  std::vector<BodyBuffer> buffers_;  ///< By capacity.
  std::size_t bytes_ = 0;
};

}  // namespace dsw
