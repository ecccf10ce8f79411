// SPDX-License-Identifier: Apache-2.0
//
// Takes the content of a message apart. Both sides use it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace dsw::wire {

/// Reads nothing outside of what it was given, whatever stands there: after the first thing that is
/// not whole it is bad, and yields zeros and empty texts. The worker gives it memory that the
/// plugin's process cannot change meanwhile. Views reach into that memory. Belongs to one thread.
class Reader {
 public:
  explicit Reader(std::string_view content) : rest_(content) {}

  std::uint32_t U32() { return Plain<std::uint32_t>(); }
  std::int32_t I32() { return Plain<std::int32_t>(); }
  std::uint64_t U64() { return Plain<std::uint64_t>(); }
  std::int64_t I64() { return Plain<std::int64_t>(); }
  double F64() { return Plain<double>(); }
  std::string_view Text() { return Bytes(U64()); }
  std::string_view Bytes(std::uint64_t count) {
    if (bad_ || count > rest_.size()) {
      bad_ = true;
      return {};
    }
    const std::string_view bytes = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return bytes;
  }
  /// A number of things of at least `least` bytes each; bad when so many cannot follow.
  std::uint64_t Count(std::size_t least) {
    const std::uint64_t count = U64();
    if (bad_ || count > rest_.size() / least) {
      bad_ = true;
      return 0;
    }
    return count;
  }
  /// What Writer::Sized() wrote; false for an absent one. Members that it does not reach are zero,
  /// and struct_size is at most what this build knows.
  template <typename Struct>
  bool Sized(Struct& value) {
    static_assert(std::is_trivially_copyable_v<Struct>);
    value = Struct{};
    if (U32() == 0) return false;
    const std::uint32_t size = U32();
    const std::string_view bytes = Text();
    if (!bytes.empty()) std::memcpy(&value, bytes.data(), std::min(bytes.size(), sizeof value));
    value.struct_size = std::min<std::uint32_t>(size, sizeof value);
    return !bad_;
  }

  void SetBad() { bad_ = true; }
  bool bad() const { return bad_; }
  std::string_view rest() const { return rest_; }

 private:
  template <typename Number>
  Number Plain() {
    Number value{};
    const std::string_view bytes = Bytes(sizeof value);
    if (!bytes.empty()) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }

  std::string_view rest_;
  bool bad_ = false;
};

}  // namespace dsw::wire
