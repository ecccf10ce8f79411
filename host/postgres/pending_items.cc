// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/pending_items.h"

#include <string>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace dsw {
namespace {

/// Tables dataset_items and dataset_transform_items; index dataset_items (dataset_id, item_id).
/// OFFSET 0 keeps the hash from being computed once per mention.
constexpr char kItems[] = R"sql(
SELECT i.item_id, i.title, i.metadata::text, h.hash, h.chunks, pg_column_size(i.chunks),
       CASE WHEN p.content_hash = h.hash AND ($3::boolean OR p.job_id = $4)
            THEN p.done::text ELSE '{}' END
FROM dataset_items i
CROSS JOIN LATERAL (
  SELECT dsw_chunk_count(i.chunks) AS chunks,
         md5(md5(i.title) || md5(i.metadata::text) || md5(i.chunks::text)) AS hash
  OFFSET 0) h
LEFT JOIN dataset_transform_items p
  ON p.embedded_dataset_id = $2::bigint AND p.item_id = i.item_id
WHERE i.dataset_id = $1::bigint AND i.item_id BETWEEN $5::bigint AND $6::bigint
  AND h.chunks > 0
  AND (p.item_id IS NULL OR NOT ($3::boolean OR p.job_id = $4)
       OR NOT p.done @> int4range(0, h.chunks) OR p.content_hash <> h.hash)
ORDER BY i.item_id
LIMIT $7::bigint
)sql";

/// Index, text and metadata of an element. A chunk is an object with `content`, as Semantic
/// Explorer writes it, or a string; the text of anything else is empty.
constexpr char kColumns[] = R"sql(
e.ordinality - 1,
CASE jsonb_typeof(e.value) WHEN 'object' THEN e.value ->> 'content'
                           WHEN 'string' THEN e.value #>> '{}' END,
CASE WHEN jsonb_typeof(e.value -> 'metadata') = 'object' THEN (e.value -> 'metadata')::text END
)sql";

}  // namespace

PendingQuery MakeQuery(const Plan& plan, const Target& target) {
  return {.dataset_id = plan.dataset_id,
          .embedded_dataset_id = target.embedded_dataset_id,
          .incremental = plan.mode == Mode::kIncremental,
          .job_id = DatabaseText(plan.job_id)};
}

void BeginReading(pqxx::transaction_base& transaction) {
  // Without statistics, as after a bulk load, the planner would rather read the whole dataset for
  // every page than walk the index.
  Exec(transaction,
       "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; "
       "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; "
       "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off");
}

std::vector<PendingItem> ReadItems(pqxx::transaction_base& transaction, const PendingQuery& query,
                                   std::int64_t first_item_id, std::int64_t last_item_id,
                                   std::int64_t limit) {
  const pqxx::result rows =
      Exec(transaction, kItems, query.dataset_id, query.embedded_dataset_id,
           query.incremental ? "true" : "false", query.job_id, first_item_id, last_item_id, limit);
  std::vector<PendingItem> items;
  for (const auto& row : rows) {
    Result<ChunkRanges> done = ChunkRanges::Parse(View(row[6]));
    items.push_back({.item = std::make_shared<const Item>(Item{.item_id = Int64(row[0]),
                                                               .title = Text(row[1]),
                                                               .metadata_json = Text(row[2]),
                                                               .content_hash = Text(row[3]),
                                                               .chunk_count = Int32(row[4])}),
                     .stored_bytes = Int64(row[5]),
                     .done = done ? *std::move(done) : ChunkRanges()});
  }
  return items;
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
  std::vector<std::int64_t> ids;
  for (const PendingItem& pending : items) ids.push_back(pending.item->item_id);
  const std::string sql = fmt::format(
      "SELECT i.item_id, {} FROM unnest($1::bigint[]) w(item_id) "
      "JOIN dataset_items i USING (item_id) "
      "CROSS JOIN LATERAL jsonb_array_elements(i.chunks) WITH ORDINALITY e "
      "ORDER BY i.item_id, e.ordinality",
      kColumns);
  const pqxx::result rows =
      Exec(transaction, sql.c_str(), fmt::format("{{{}}}", fmt::join(ids, ",")));
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
      kColumns, item.item->item_id, first_index, item.done.ToString());
}

}  // namespace dsw
