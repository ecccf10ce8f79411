// SPDX-License-Identifier: Apache-2.0
//
// Reading what is left of a dataset: items with chunks that no record covers, and their chunks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "host/domain/chunk.h"
#include "host/postgres/chunk_ranges.h"
#include "host/postgres/claimed_target.h"
#include "host/postgres/session.h"

namespace dsw {

/// SQL for the text of `e.value`, an element of an item's chunks. A chunk is an object with
/// `content`, as Semantic Explorer writes it, or a string; the text of anything else is null, and
/// counts as empty.
extern const char* const kChunkText;

/// What is read: the pending items of a claimed target, by the records of one generation.
struct PendingQuery {
  ClaimedTarget target;
  std::int64_t generation = 0;
};

/// An item with pending chunks.
struct PendingItem {
  std::shared_ptr<const Item> item;
  std::int64_t stored_bytes = 0;  ///< Of its chunks, about.
  ChunkRanges done;               ///< Needs no embedding.
};

/// Makes the transaction read one snapshot, page by page along the index. To be called first.
void BeginReading(pqxx::transaction_base& transaction);

/// Items of `span` in order of their ids, at most `limit`.
std::vector<PendingItem> ReadItems(pqxx::transaction_base& transaction, const PendingQuery& query,
                                   const ItemSpan& span, std::int64_t limit);

/// Writes down for `items` that points may be written for what they hold now: from here on no
/// record says that points made of something else are good, and every index that may get a point is
/// known. In the transaction of ReadItems(), so that it is the same content.
void AnnouncePoints(pqxx::transaction_base& transaction, const PendingQuery& query,
                    const std::vector<PendingItem>& items);

/// Appends the pending chunks of `items`, whole, in order. In the transaction of ReadItems().
void ReadChunks(pqxx::transaction_base& transaction, const std::vector<PendingItem>& items,
                std::vector<Chunk>& chunks);

/// Query for an item's pending chunks from `first_index` on; for ReadChunk().
std::string LargeItemSql(const PendingItem& item, std::int32_t first_index);

/// A row whose last columns are index, text and metadata.
Chunk ReadChunk(const pqxx::row& row, const std::shared_ptr<const Item>& item);

}  // namespace dsw
