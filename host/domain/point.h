// SPDX-License-Identifier: Apache-2.0
//
// From a chunk to what the sink stores: its id and its payload.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/domain/chunk.h"
#include "host/domain/vectors.h"

namespace dsw {

/// Which keys a payload has.
enum class PayloadStyle {
  kSpec,      ///< dataset_item_id, chunk_index, text, source_file, author, title, custom_metadata
  kOriginal,  ///< item_id, item_title, chunk_index, chunk_metadata, item_metadata, text
  kBoth,      ///< The union.
};

/// Points ready for a sink: ids[i] and payloads[i] belong to row i.
struct Points {
  Matrix vectors;
  std::vector<std::string> ids;
  std::vector<std::string> payloads;
};

/// UUIDv5 in the DNS namespace of "ed-{embedded_dataset}-item-{item}-chunk-{index}": the same as
/// Semantic Explorer computes, and the same on every run, so that a repeated batch overwrites
/// itself.
std::string PointId(std::int64_t embedded_dataset_id, const ChunkPosition& position);

/// The payload of a chunk as JSON object text. `truncated` adds "truncated": true.
/// source_file and author come from the item's metadata; custom_metadata is the rest of it, with
/// the chunk's own metadata over it. Metadata that is not a JSON object counts as empty.
std::string PayloadJson(const Chunk& chunk, PayloadStyle style, bool truncated);

}  // namespace dsw
