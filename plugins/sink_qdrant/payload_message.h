// SPDX-License-Identifier: Apache-2.0
//
// A payload from JSON to what gRPC carries.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <simdjson.h>

namespace dsw::qdrant {

/// Belongs to one thread at a time; keeps its memory for the next payload.
class PayloadEncoder {
 public:
  /// Appends the members of a JSON object as entries of a map<string, Value> with this field
  /// number. False, with `out` as it was, when the message cannot say the same as the JSON:
  /// integers beyond 64 bits with a sign, nesting deeper than a server decodes, and what is not an
  /// object.
  bool Append(std::string& out, std::uint32_t field, std::string_view payload);

 private:
  simdjson::dom::parser parser_;
  std::string padded_;
};

}  // namespace dsw::qdrant
