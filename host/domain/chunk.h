// SPDX-License-Identifier: Apache-2.0
//
// Pieces of text on their way through the worker: an item's chunks, cut into batches.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace dsw {

/// The item that chunks belong to; shared by its chunks. Immutable once made.
struct Item {
  std::int64_t item_id = 0;
  std::string title;
  std::string metadata_json;      ///< JSON object text.
  std::string content_hash;       ///< Of title, metadata and chunks, at the time they were read.
  std::int32_t chunk_count = 0;   ///< Of the item, whether or not all are still to be embedded.
  std::int32_t stored_count = 0;  ///< Points of before may exist for indexes below.
};

struct Chunk {
  std::shared_ptr<const Item> item;
  std::int32_t index = 0;  ///< Position in the item, from 0.
  std::string text;
  std::string metadata_json;  ///< JSON object text, or empty.
};

/// Consecutive pending chunks, in order of (item_id, index). Never empty.
struct Batch {
  std::int64_t number = 0;  ///< From 1, within one run of a job.
  std::vector<Chunk> chunks;
};

/// Orders chunks of a dataset.
struct ChunkPosition {
  std::int64_t item_id = 0;
  std::int32_t index = 0;

  friend auto operator<=>(const ChunkPosition&, const ChunkPosition&) = default;
};

}  // namespace dsw
