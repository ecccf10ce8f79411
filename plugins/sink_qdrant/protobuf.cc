// SPDX-License-Identifier: Apache-2.0
#include "plugins/sink_qdrant/protobuf.h"

namespace dsw::qdrant {

bool FieldReader::Next() {
  if (!ok_ || rest_.empty()) return false;
  std::uint64_t tag = 0;
  std::string_view skipped;
  number_ = 0;
  bytes_ = {};
  ok_ = ReadVarint(tag);
  field_ = static_cast<std::uint32_t>(tag >> 3);
  switch (static_cast<Wire>(tag & 7u)) {
    case Wire::kVarint:
      ok_ = ok_ && ReadVarint(number_);
      break;
    case Wire::kFixed64:
      ok_ = ok_ && Take(8, skipped);
      break;
    case Wire::kFixed32:
      ok_ = ok_ && Take(4, skipped);
      break;
    case Wire::kDelimited: {
      std::uint64_t size = 0;
      ok_ = ok_ && ReadVarint(size) && Take(size, bytes_);
      break;
    }
    default:
      ok_ = false;
  }
  return ok_;
}

bool FieldReader::ReadVarint(std::uint64_t& value) {
  value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (rest_.empty()) return false;
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7Fu) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

bool FieldReader::Take(std::uint64_t size, std::string_view& taken) {
  if (size > rest_.size()) return false;
  taken = rest_.substr(0, static_cast<std::size_t>(size));
  rest_.remove_prefix(static_cast<std::size_t>(size));
  return true;
}

}  // namespace dsw::qdrant
