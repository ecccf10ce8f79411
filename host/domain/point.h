// SPDX-License-Identifier: Apache-2.0
//
// From a chunk to what the sink stores: its id and its payload.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
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
  std::int64_t token = 0;  ///< Of the lease that they are written under; 0: none.
};

/// The member of a payload that tells, in few bytes, what the point was made from:
/// {"ed":7,"h":"900150983cd24fb0","m":"1a2b3c4d","t":12}, that is embedded dataset, ChunkHash of
/// the text, maker and token of its PointOrigin. Searches do not show it.
inline constexpr char kStampKey[] = "_dsw";

/// Whose points are written, and under what.
struct PointOrigin {
  std::int64_t embedded_dataset_id = 0;
  std::string maker{};     ///< Short fingerprint of what makes the vectors.
  std::int64_t token = 0;  ///< Of the lease; grows with every lease. 0: none.
};

/// The first 16 hexadecimal digits of the text's MD5, as left(md5(text), 16) in SQL.
std::string ChunkHash(std::string_view text);

/// UUIDv5 in the DNS namespace of "ed-{embedded_dataset}-item-{item}-chunk-{index}": the same as
/// Semantic Explorer computes, and the same on every run, so that a repeated batch overwrites
/// itself.
std::string PointId(std::int64_t embedded_dataset_id, const ChunkPosition& position);

/// Makes payloads. Chunks of one item in a row share the work on the item. Belongs to one thread at
/// a time.
class PayloadWriter {
 public:
  PayloadWriter(PayloadStyle style, const PointOrigin& origin);
  ~PayloadWriter();

  /// The payload of a chunk as JSON object text. `truncated` adds "truncated": true.
  /// source_file and author come from the item's metadata; custom_metadata is the rest of it, with
  /// the chunk's own metadata over it. Metadata that is not a JSON object counts as empty. The
  /// stamp, kStampKey, comes last.
  std::string Write(const Chunk& chunk, bool truncated);

 private:
  struct ItemParts;
  const PayloadStyle style_;
  const PointOrigin origin_;
  std::shared_ptr<const Item> item_;
  std::unique_ptr<ItemParts> parts_;  ///< Of item_.
};

}  // namespace dsw
