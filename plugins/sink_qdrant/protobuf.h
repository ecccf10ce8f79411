// SPDX-License-Identifier: Apache-2.0
//
// The little of protobuf's wire format that an upsert needs:
// https://protobuf.dev/programming-guides/encoding/
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace dsw::qdrant {

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "numbers go over the wire as they are in memory, which must be little-endian"
#endif

enum class Wire : std::uint8_t { kVarint = 0, kFixed64 = 1, kDelimited = 2, kFixed32 = 5 };

inline void AppendVarint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

inline void AppendTag(std::string& out, std::uint32_t field, Wire wire) {
  AppendVarint(out, field << 3 | static_cast<std::uint32_t>(wire));
}

inline void AppendNumber(std::string& out, std::uint32_t field, std::uint64_t value) {
  AppendTag(out, field, Wire::kVarint);
  AppendVarint(out, value);
}

inline void AppendBytes(std::string& out, std::uint32_t field, std::string_view bytes) {
  AppendTag(out, field, Wire::kDelimited);
  AppendVarint(out, bytes.size());
  out += bytes;
}

inline void AppendDouble(std::string& out, std::uint32_t field, double value) {
  AppendTag(out, field, Wire::kFixed64);
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof bytes);
}

/// A field whose content is what `body` appends and `lent` bytes that follow it elsewhere. The
/// length, which stands in front, is put in afterwards: contents are short, and moving them is
/// cheaper than to find their sizes first.
template <class Body>
void AppendMessage(std::string& out, std::uint32_t field, std::size_t lent, Body&& body) {
  AppendTag(out, field, Wire::kDelimited);
  const std::size_t length_at = out.size();
  out.push_back('\0');
  body();
  std::string length;
  AppendVarint(length, out.size() - length_at - 1 + lent);
  out[length_at] = length[0];
  if (length.size() > 1) out.insert(length_at + 1, length, 1, std::string::npos);
}

template <class Body>
void AppendMessage(std::string& out, std::uint32_t field, Body&& body) {
  AppendMessage(out, field, 0, body);
}

/// Reads the fields of a message one after another. What is not well-formed ends it with ok()
/// false.
class FieldReader {
 public:
  explicit FieldReader(std::string_view message) : rest_(message) {}

  /// Goes to the next field; false at the end.
  bool Next();
  bool ok() const { return ok_; }
  std::uint32_t field() const { return field_; }
  /// Of a varint field, else 0.
  std::uint64_t number() const { return number_; }
  /// Of a delimited field, else empty.
  std::string_view bytes() const { return bytes_; }

 private:
  bool ReadVarint(std::uint64_t& value);
  bool Take(std::uint64_t size, std::string_view& taken);

  std::string_view rest_;
  bool ok_ = true;
  std::uint32_t field_ = 0;
  std::uint64_t number_ = 0;
  std::string_view bytes_;
};

}  // namespace dsw::qdrant
