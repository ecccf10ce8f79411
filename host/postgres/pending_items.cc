// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/pending_items.h"

#include <string>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace dsw {
namespace {

constexpr char kItems[] = R"sql(
SELECT i.item_id, i.title, i.metadata::text, d.content_hash, d.chunk_count, c.bytes,
       d.done::text, d.stored_count
FROM dsw_items($1::bigint::integer, $2::bigint::integer, $3::bigint::integer, $4::bigint,
               $5::bigint) d
JOIN dataset_item_contents c ON c.dataset_id = $2::bigint AND c.item_id = d.item_id
JOIN dataset_items i ON i.item_id = d.item_id AND i.dataset_id = $2::bigint
WHERE d.pending
ORDER BY d.item_id
LIMIT $6::bigint
)sql";

/// What is kept apart from its row is kept compressed; how long it is only its text tells.
constexpr char kSizes[] = R"sql(
SELECT item_id, CASE WHEN pg_column_size(chunks) < 2000 THEN pg_column_size(chunks)
                     ELSE octet_length(chunks::text) END
FROM dataset_items WHERE item_id = ANY($1::bigint[]) ORDER BY item_id
)sql";

constexpr char kAnnounce[] = R"sql(
INSERT INTO dataset_transform_items AS p
  (embedded_dataset_id, item_id, content_hash, chunk_count, stored_count, done, job_id, generation)
SELECT $1::bigint, item_id, content_hash, chunk_count, chunk_count, done, $6, $3::bigint
FROM dsw_items($1::bigint::integer, $2::bigint::integer, $3::bigint::integer, $4::bigint,
               $5::bigint)
WHERE item_id = ANY($7::bigint[]) AND pending ORDER BY item_id
ON CONFLICT (embedded_dataset_id, item_id) DO UPDATE SET
  content_hash = excluded.content_hash, chunk_count = excluded.chunk_count,
  stored_count = greatest(p.stored_count, excluded.stored_count), done = excluded.done,
  job_id = excluded.job_id, generation = excluded.generation, updated_at = now()
WHERE p.content_hash <> excluded.content_hash OR p.generation <> excluded.generation
   OR p.stored_count < excluded.stored_count
)sql";

/// Index, text and metadata of an element.
std::string Columns() {
  return fmt::format(
      "e.ordinality - 1, {}, "
      "CASE WHEN jsonb_typeof(e.value -> 'metadata') = 'object' "
      "     THEN (e.value -> 'metadata')::text END",
      kChunkText);
}

std::string IdsOf(const std::vector<PendingItem>& items) {
  std::vector<std::int64_t> ids;
  for (const PendingItem& pending : items) ids.push_back(pending.item->item_id);
  return IdArray(ids);
}

/// Finds out how large the items are, in order of their ids, that were written before sizes were
/// kept. Apart from the list, which then has nothing to do with texts.
void Measure(pqxx::transaction_base& transaction, const std::vector<std::int64_t>& unsized,
             std::vector<PendingItem>& items) {
  if (unsized.empty()) return;
  const pqxx::result rows = Exec(transaction, kSizes, IdArray(unsized));
  auto item = items.begin();
  for (const auto& row : rows) {
    while (item->item->item_id != Int64(row[0])) ++item;
    item->stored_bytes = Int64(row[1]);
  }
}

}  // namespace

const char* const kChunkText =
    "CASE jsonb_typeof(e.value) WHEN 'object' THEN e.value ->> 'content' "
    "                           WHEN 'string' THEN e.value #>> '{}' END";

void BeginReading(pqxx::transaction_base& transaction) {
  // Without statistics, as after a bulk load, the planner would rather read the whole dataset for
  // every page than walk the index.
  Exec(transaction,
       "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; "
       "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; "
       "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off");
  BeginLong(transaction);
}

std::vector<PendingItem> ReadItems(pqxx::transaction_base& transaction, const PendingQuery& query,
                                   const ItemSpan& span, std::int64_t limit) {
  const pqxx::result rows =
      Exec(transaction, kItems, query.target.embedded_dataset_id, query.target.dataset_id,
           query.generation, span.first, span.last, limit);
  std::vector<PendingItem> items;
  std::vector<std::int64_t> unsized;
  for (const auto& row : rows) {
    if (row[5].is_null()) unsized.push_back(Int64(row[0]));
    Result<ChunkRanges> done = ChunkRanges::Parse(View(row[6]));
    items.push_back({.item = std::make_shared<const Item>(Item{.item_id = Int64(row[0]),
                                                               .title = Text(row[1]),
                                                               .metadata_json = Text(row[2]),
                                                               .content_hash = Text(row[3]),
                                                               .chunk_count = Int32(row[4]),
                                                               .stored_count = Int32(row[7])}),
                     .stored_bytes = row[5].is_null() ? 0 : Int64(row[5]),
                     .done = done ? *std::move(done) : ChunkRanges()});
  }
  Measure(transaction, unsized, items);
  return items;
}

void AnnouncePoints(pqxx::transaction_base& transaction, const PendingQuery& query,
                    const std::vector<PendingItem>& items) {
  if (items.empty()) return;
  Exec(transaction, kAnnounce, query.target.embedded_dataset_id, query.target.dataset_id,
       query.generation, items.front().item->item_id, items.back().item->item_id,
       query.target.job_id, IdsOf(items));
}

Chunk ReadChunk(const pqxx::row& row, const std::shared_ptr<const Item>& item) {
  const auto column = [&](int from_end) {
    return row[row.size() - static_cast<pqxx::row::size_type>(from_end)];
  };
  return {.item = item,
          .index = Int32(column(3)),
          .text = Text(column(2)),
          .metadata_json = Text(column(1))};
}

void ReadChunks(pqxx::transaction_base& transaction, const std::vector<PendingItem>& items,
                std::vector<Chunk>& chunks) {
  const std::string sql = fmt::format(
      "SELECT i.item_id, {} FROM unnest($1::bigint[]) w(item_id) "
      "JOIN dataset_items i USING (item_id) "
      "CROSS JOIN LATERAL jsonb_array_elements(i.chunks) WITH ORDINALITY e "
      "ORDER BY i.item_id, e.ordinality",
      Columns());
  const pqxx::result rows = Exec(transaction, sql.c_str(), IdsOf(items));
  auto owner = items.begin();
  for (const auto& row : rows) {
    while (owner->item->item_id != Int64(row[0])) ++owner;
    Chunk chunk = ReadChunk(row, owner->item);
    if (!owner->done.Contains(chunk.index)) chunks.push_back(std::move(chunk));
  }
}

std::string LargeItemSql(const PendingItem& item, std::int32_t first_index) {
  return fmt::format(
      "SELECT {} FROM dataset_items i "
      "CROSS JOIN LATERAL jsonb_array_elements(i.chunks) WITH ORDINALITY e "
      "WHERE i.item_id = {} AND e.ordinality > {} "
      "AND NOT '{}'::int4multirange @> (e.ordinality - 1)::integer",
      Columns(), item.item->item_id, first_index, item.done.ToString());
}

}  // namespace dsw
