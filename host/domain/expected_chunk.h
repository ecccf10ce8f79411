// SPDX-License-Identifier: Apache-2.0
//
// What the database says of a chunk's point, to compare with what a sink holds.
#pragma once

#include <cstdint>

#include "host/domain/chunk.h"

namespace dsw {

enum class ChunkState {
  kEmbedded,  ///< A record that is valid now covers it: it must have a point.
  kFailed,    ///< Recorded as failed: it must have none.
  kPending,   ///< Still to be embedded: it may have one, made of an earlier text.
};

struct ExpectedChunk {
  ChunkPosition position;
  std::uint64_t text_hash = 0;  ///< ChunkHash() of the text as a number.
  ChunkState state = ChunkState::kPending;
};

}  // namespace dsw
