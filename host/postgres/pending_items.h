// SPDX-License-Identifier: Apache-2.0
//
// Reading what is left of a dataset: items with chunks that no record covers, and their chunks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "host/domain/chunk.h"
#include "host/domain/plan.h"
#include "host/postgres/chunk_ranges.h"
#include "host/postgres/session.h"

namespace dsw {

/// What a job embeds, and which records it accepts.
struct PendingQuery {
  std::int64_t dataset_id = 0;
  std::int64_t embedded_dataset_id = 0;
  bool incremental = true;  ///< Records of any job count; else those of `job_id` alone.
  std::string job_id;
};

PendingQuery MakeQuery(const Plan& plan, const Target& target);

/// An item with pending chunks.
struct PendingItem {
  std::shared_ptr<const Item> item;
  std::int64_t stored_bytes = 0;  ///< Of its chunks in the database, which compresses them.
  ChunkRanges done;               ///< Needs no embedding.
};

/// Makes the transaction read one snapshot, page by page along the index. To be called first.
void BeginReading(pqxx::transaction_base& transaction);

/// Items from `first_item_id` to `last_item_id` in order of their ids, at most `limit`.
std::vector<PendingItem> ReadItems(pqxx::transaction_base& transaction, const PendingQuery& query,
                                   std::int64_t first_item_id, std::int64_t last_item_id,
                                   std::int64_t limit);

/// Appends the pending chunks of `items`, whole, in order. In the transaction of ReadItems().
void ReadChunks(pqxx::transaction_base& transaction, const std::vector<PendingItem>& items,
                std::vector<Chunk>& chunks);

/// Query for an item's pending chunks from `first_index` on; for ReadChunk().
std::string LargeItemSql(const PendingItem& item, std::int32_t first_index);

/// A row whose last columns are index, text and metadata.
Chunk ReadChunk(const pqxx::row& row, const std::shared_ptr<const Item>& item);

}  // namespace dsw
