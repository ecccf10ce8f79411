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
  /// Items of `span`.
  PostgresChunkCursor(Database& database, PendingQuery query, const ItemSpan& span);
  ~PostgresChunkCursor() override;

  Result<std::optional<Chunk>> Next() override;

 private:
  struct LargeItem;

  /// Fills the page, or leaves it empty at the end.
  Status Refill();
  Status ReadSmallItems();
  Status ReadLargeItem();
  /// Opens the cursor, behind what was already handed out of the item; false when there is nothing
  /// left of it.
  Result<bool> OpenLargeItem(pqxx::work& transaction);
  /// The item's announced content, in a transaction that ends here; empty when nothing is left.
  Result<std::string> AnnounceLargeItem();

  Database& database_;
  const PendingQuery query_;
  const std::int64_t last_wanted_;
  std::vector<Chunk> page_;
  std::size_t next_in_page_ = 0;
  std::int64_t last_item_id_;  ///< Done with, up to and including.
  std::int64_t items_per_page_;
  bool at_end_ = false;
  std::unique_ptr<LargeItem> large_;
};

}  // namespace dsw
