// SPDX-License-Identifier: Apache-2.0
//
// Sets of chunk indexes as PostgreSQL writes them: multiranges of int4, as {[0,5),[7,9)}.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/base/result.h"

namespace dsw {

/// Ascending ranges [first, second), neither overlapping nor touching. A value.
class ChunkRanges {
 public:
  /// Reads PostgreSQL's canonical form; kInternal for anything else.
  static Result<ChunkRanges> Parse(std::string_view text);

  /// Adds an index; REQUIRES: no smaller than any added before.
  void Append(std::int32_t index);
  bool Contains(std::int32_t index) const;
  std::string ToString() const;

 private:
  std::vector<std::pair<std::int32_t, std::int32_t>> ranges_;
};

}  // namespace dsw
