// SPDX-License-Identifier: Apache-2.0
//
// Puts the content of a message together. Both sides use it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace dsw::wire {

/// Writes into memory of a fixed size that somebody else owns; what does not fit makes it full, and
/// everything after that is dropped. Belongs to one thread. Never reads what it wrote.
class Writer {
 public:
  Writer(char* memory, std::size_t capacity) : memory_(memory), capacity_(capacity) {}

  void U32(std::uint32_t value) { Plain(value); }
  void I32(std::int32_t value) { Plain(value); }
  void U64(std::uint64_t value) { Plain(value); }
  void I64(std::int64_t value) { Plain(value); }
  void F64(double value) { Plain(value); }
  /// Its length, then its bytes.
  void Text(std::string_view text) {
    U64(text.size());
    Bytes(text.data(), text.size());
  }
  void Text(const char* bytes, std::size_t size) {
    Text(bytes == nullptr ? std::string_view() : std::string_view(bytes, size));
  }
  /// A struct without pointers that begins with its size: presence, that size, and as much of it as
  /// the size covers and this build knows. Null is written as absent.
  template <typename Struct>
  void Sized(const Struct* value) {
    static_assert(std::is_trivially_copyable_v<Struct>);
    U32(value == nullptr ? 0 : 1);
    if (value == nullptr) return;
    const std::size_t known = std::min<std::size_t>(value->struct_size, sizeof(Struct));
    U32(value->struct_size);
    Text(std::string_view(reinterpret_cast<const char*>(value), known));
  }
  void Zeros(std::size_t count) {
    if (!Fits(count)) return;
    std::memset(memory_ + size_, 0, count);
    size_ += count;
  }
  void Bytes(const void* bytes, std::size_t count) {
    if (!Fits(count)) return;
    if (count != 0) std::memcpy(memory_ + size_, bytes, count);
    size_ += count;
  }

  bool full() const { return full_; }
  std::size_t size() const { return size_; }
  std::string_view view() const { return {memory_, size_}; }

 private:
  template <typename Number>
  void Plain(Number value) {
    Bytes(&value, sizeof value);
  }
  bool Fits(std::size_t count) {
    full_ = full_ || count > capacity_ - size_;
    return !full_;
  }

  char* const memory_;
  const std::size_t capacity_;
  std::size_t size_ = 0;
  bool full_ = false;
};

}  // namespace dsw::wire
