// SPDX-License-Identifier: Apache-2.0
//
// The pending chunks of a target, one after the other.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "host/ports/dataset_store.h"
#include "host/postgres/database.h"
#include "host/postgres/pending_items.h"

namespace dsw {

/// Reads pages of about a thousand chunks, each of them in a short transaction, so that nothing is
/// held while the caller works. An item with more chunks or bytes than a page is read through a
/// server-side cursor on a connection of its own, held until the item is over: every page of a
/// large JSON value would cost as much as the whole value. Survives lost connections. Belongs to
/// one thread at a time.
class PostgresChunkCursor final : public ChunkCursor {
 public:
  PostgresChunkCursor(Database& database, PendingQuery query);
  ~PostgresChunkCursor() override;

  Result<std::optional<Chunk>> Next() override;

 private:
  struct LargeItem;

  /// Fills the page, or leaves it empty at the end.
  Status Refill();
  Status ReadSmallItems();
  Status ReadLargeItem();
  /// Opens the cursor, behind what was already handed out of the item.
  bool OpenLargeItem(pqxx::work& transaction);

  Database& database_;
  const PendingQuery query_;
  std::vector<Chunk> page_;
  std::size_t next_in_page_ = 0;
  std::int64_t last_item_id_ = 0;  ///< Done with, up to and including.
  std::int64_t items_per_page_;
  bool at_end_ = false;
  std::unique_ptr<LargeItem> large_;
};

}  // namespace dsw
