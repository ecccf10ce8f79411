// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/chunk_cursor.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "host/postgres/long_transaction.h"

namespace dsw {
namespace {

constexpr std::int32_t kChunksPerPage = 1000;
constexpr std::int64_t kBytesPerPage = 4 << 20;
constexpr std::int64_t kChunksPerFetch = 500;
constexpr std::int64_t kFewestItems = 16;
constexpr std::int64_t kMostItems = kChunksPerPage;

bool IsLarge(const PendingItem& item) {
  return item.item->chunk_count > kChunksPerPage || item.stored_bytes > kBytesPerPage;
}

/// How many of the items' beginning fit a page; 0 when the first is large.
std::size_t CountFitting(const std::vector<PendingItem>& items) {
  std::int64_t chunks = 0;
  std::int64_t bytes = 0;
  std::size_t fitting = 0;
  for (const PendingItem& item : items) {
    chunks += item.item->chunk_count;
    bytes += item.stored_bytes;
    if (chunks > kChunksPerPage || bytes > kBytesPerPage) break;
    ++fitting;
  }
  return fitting;
}

}  // namespace

struct PostgresChunkCursor::LargeItem {
  explicit LargeItem(Database& database) : transaction(database) {}

  std::int64_t item_id = 0;
  std::string content_hash;
  std::int32_t next_index = 0;  ///< Chunks below it were handed out, or were done.
  std::int64_t chunks_per_fetch = kChunksPerFetch;
  std::shared_ptr<const Item> item;
  LongTransaction transaction;
};

PostgresChunkCursor::PostgresChunkCursor(Database& database, PendingQuery query,
                                         const ItemSpan& span)
    : database_(database),
      query_(std::move(query)),
      last_wanted_(span.last),
      last_item_id_(span.first - 1),
      items_per_page_(kFewestItems) {}

PostgresChunkCursor::~PostgresChunkCursor() = default;

Result<std::optional<Chunk>> PostgresChunkCursor::Next() {
  if (next_in_page_ == page_.size()) {
    page_.clear();
    next_in_page_ = 0;
    RETURN_IF_ERROR(Refill());
    if (page_.empty()) return std::optional<Chunk>();
  }
  return std::optional<Chunk>(std::move(page_[next_in_page_++]));
}

Status PostgresChunkCursor::Refill() {
  while (page_.empty() && !(at_end_ && !large_)) {
    RETURN_IF_ERROR(large_ ? ReadLargeItem() : ReadSmallItems());
  }
  return {};
}

Status PostgresChunkCursor::ReadSmallItems() {
  struct Page {
    std::vector<Chunk> chunks;
    std::int64_t last_item_id = 0;
    std::int64_t items = 0;
    bool at_end = false;
    std::unique_ptr<LargeItem> large;
  };
  ASSIGN_OR_RETURN(Page page, database_.Run([&](Session& session) -> Result<Page> {
    Page read;
    pqxx::work transaction(session.connection);
    BeginReading(transaction);
    RETURN_IF_ERROR(Hold(transaction, query_.target));
    std::vector<PendingItem> items =
        ReadItems(transaction, query_, {last_item_id_ + 1, last_wanted_}, items_per_page_);
    read.at_end = static_cast<std::int64_t>(items.size()) < items_per_page_;
    read.last_item_id = last_item_id_;
    if (!items.empty() && IsLarge(items.front())) {
      read.large = std::make_unique<LargeItem>(database_);
      read.large->item_id = items.front().item->item_id;
      read.last_item_id = read.large->item_id;
      read.at_end = false;
    } else if (!items.empty()) {
      const std::size_t fitting = CountFitting(items);
      if (fitting < items.size()) read.at_end = false;
      items.erase(items.begin() + static_cast<std::ptrdiff_t>(fitting), items.end());
      ReadChunks(transaction, items, read.chunks);
      AnnouncePoints(transaction, query_, items);
      read.last_item_id = items.back().item->item_id;
      read.items = static_cast<std::int64_t>(items.size());
    }
    transaction.commit();
    return read;
  }));
  page_ = std::move(page.chunks);
  last_item_id_ = page.last_item_id;
  at_end_ = page.at_end;
  large_ = std::move(page.large);
  // Items beyond the page were read in vain, so the next look is not much further than this one
  // reached.
  items_per_page_ = std::clamp(2 * page.items, kFewestItems, kMostItems);
  return {};
}

Result<std::string> PostgresChunkCursor::AnnounceLargeItem() {
  return database_.Run(Database::Patience::kLong, [&](Session& session) -> Result<std::string> {
    pqxx::work transaction(session.connection);
    BeginReading(transaction);
    RETURN_IF_ERROR(Hold(transaction, query_.target));
    const ItemSpan item{large_->item_id, large_->item_id};
    const std::vector<PendingItem> found = ReadItems(transaction, query_, item, 1);
    if (found.empty()) return std::string();
    AnnouncePoints(transaction, query_, found);
    transaction.commit();
    return found.front().item->content_hash;
  });
}

Result<bool> PostgresChunkCursor::OpenLargeItem(pqxx::work& transaction) {
  LargeItem& large = *large_;
  // In a transaction of its own, so that it holds nobody up while the item is worked on.
  ASSIGN_OR_RETURN(const std::string announced, AnnounceLargeItem());
  BeginReading(transaction);
  const std::vector<PendingItem> found =
      ReadItems(transaction, query_, {large.item_id, large.item_id}, 1);
  if (found.empty()) return false;
  if (found.front().item->content_hash != announced) {
    throw pqxx::transaction_rollback("an item changed between two looks at it");
  }
  large.item = found.front().item;
  // Changed since the connection was lost: its chunks are others now.
  if (large.content_hash != large.item->content_hash) large.next_index = 0;
  large.content_hash = large.item->content_hash;
  const std::int64_t bytes_per_chunk =
      std::max<std::int64_t>(1, found.front().stored_bytes / large.item->chunk_count);
  large.chunks_per_fetch =
      std::clamp<std::int64_t>(kBytesPerPage / bytes_per_chunk, 1, kChunksPerFetch);
  const std::string declare = "DECLARE pending_chunks NO SCROLL CURSOR FOR " +
                              LargeItemSql(found.front(), large.next_index);
  Exec(transaction, declare.c_str());
  return true;
}

Status PostgresChunkCursor::ReadLargeItem() {
  bool opened = large_->transaction.open();
  const auto fetch = [&](pqxx::work& transaction) -> Result<std::vector<Chunk>> {
    std::vector<Chunk> read;
    if (!std::exchange(opened, false)) {
      ASSIGN_OR_RETURN(const bool any, OpenLargeItem(transaction));
      if (!any) return read;
    }
    const std::string sql = fmt::format("FETCH {} FROM pending_chunks", large_->chunks_per_fetch);
    const pqxx::result rows = Exec(transaction, sql.c_str());
    for (const auto& row : rows) read.push_back(ReadChunk(row, large_->item));
    return read;
  };
  ASSIGN_OR_RETURN(std::vector<Chunk> chunks,
                   large_->transaction.Run(Database::Patience::kLong, fetch));
  if (chunks.empty()) {
    large_.reset();
  } else {
    large_->next_index = chunks.back().index + 1;
    page_ = std::move(chunks);
  }
  return {};
}

}  // namespace dsw
