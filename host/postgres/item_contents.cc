// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/item_contents.h"

#include "host/postgres/session.h"

namespace dsw {
namespace {

constexpr int kItemsPerStep = 500;

constexpr char kCounts[] = R"sql(
SELECT (SELECT count(*) FROM dataset_items WHERE dataset_id = $1::bigint),
       (SELECT count(*) FROM dataset_item_contents WHERE dataset_id = $1::bigint)
)sql";

constexpr char kOrphans[] = R"sql(
DELETE FROM dataset_item_contents c
WHERE c.dataset_id = $1::bigint
  AND NOT EXISTS (SELECT FROM dataset_items i
                  WHERE i.dataset_id = c.dataset_id AND i.item_id = c.item_id)
)sql";

/// An item that is being changed has its row made by its own transaction; one that is being deleted
/// is waited for.
constexpr char kFill[] = R"sql(
WITH missing AS MATERIALIZED (
  SELECT i.dataset_id, i.item_id, i.title, i.metadata, i.chunks
  FROM dataset_items i
  WHERE i.dataset_id = $1::bigint AND i.item_id > $2::bigint
    AND NOT EXISTS (SELECT FROM dataset_item_contents c
                    WHERE c.dataset_id = i.dataset_id AND c.item_id = i.item_id)
  ORDER BY i.item_id LIMIT $3::integer
  FOR KEY SHARE OF i
), made AS (
  INSERT INTO dataset_item_contents (dataset_id, item_id, content_hash, chunk_count, bytes)
  SELECT dataset_id, item_id, dsw_text_hash(title, metadata, t.chunks_text),
         dsw_chunk_count(chunks), octet_length(t.chunks_text)
  FROM missing, LATERAL (SELECT chunks::text AS chunks_text OFFSET 0) t
  ON CONFLICT DO NOTHING
)
SELECT count(*), coalesce(max(item_id), 0), 0 FROM missing
)sql";

constexpr char kRecompute[] = R"sql(
WITH page AS MATERIALIZED (
  SELECT dataset_id, item_id, dsw_text_hash(title, metadata, t.chunks_text) AS content_hash,
         dsw_chunk_count(chunks) AS chunk_count, octet_length(t.chunks_text) AS bytes
  FROM dataset_items, LATERAL (SELECT chunks::text AS chunks_text OFFSET 0) t
  WHERE dataset_id = $1::bigint AND item_id > $2::bigint
  ORDER BY item_id LIMIT $3::integer
  FOR SHARE OF dataset_items
), mended AS (
  UPDATE dataset_item_contents c
  SET content_hash = page.content_hash, chunk_count = page.chunk_count, bytes = page.bytes
  FROM page
  WHERE c.dataset_id = page.dataset_id AND c.item_id = page.item_id
    AND (c.content_hash <> page.content_hash OR c.chunk_count <> page.chunk_count)
  RETURNING c.item_id
), sized AS (
  UPDATE dataset_item_contents c SET bytes = page.bytes
  FROM page
  WHERE c.dataset_id = page.dataset_id AND c.item_id = page.item_id AND c.bytes IS NULL
    AND c.content_hash = page.content_hash AND c.chunk_count = page.chunk_count
)
SELECT (SELECT count(*) FROM page), (SELECT coalesce(max(item_id), 0) FROM page),
       (SELECT count(*) FROM mended)
)sql";

/// Runs `step` from item to item until a page is not full; what its third column adds up to.
Result<std::int64_t> Walk(Database& database, std::int64_t dataset_id, const char* step) {
  std::int64_t last_item = 0;
  std::int64_t sum = 0;
  while (true) {
    ASSIGN_OR_RETURN(const bool more,
                     database.Run(Database::Patience::kLong, [&](Session& session) -> Result<bool> {
                       pqxx::nontransaction transaction(session.connection);
                       const pqxx::result page =
                           Exec(transaction, step, dataset_id, last_item, kItemsPerStep);
                       last_item = Int64(page.at(0)[1]);
                       sum += Int64(page.at(0)[2]);
                       return Int64(page.at(0)[0]) == kItemsPerStep;
                     }));
    if (!more) return sum;
  }
}

}  // namespace

Status CatchUpContents(Database& database, std::int64_t dataset_id) {
  ASSIGN_OR_RETURN(const bool equal,
                   database.Run(Database::Patience::kLong, [&](Session& session) -> Result<bool> {
                     pqxx::nontransaction transaction(session.connection);
                     const pqxx::result counts = Exec(transaction, kCounts, dataset_id);
                     return Int64(counts.at(0)[0]) == Int64(counts.at(0)[1]);
                   }));
  if (equal) return {};
  RETURN_IF_ERROR(database.Run(Database::Patience::kLong, [&](Session& session) -> Status {
    pqxx::nontransaction transaction(session.connection);
    Exec(transaction, kOrphans, dataset_id);
    return {};
  }));
  ASSIGN_OR_RETURN([[maybe_unused]] const std::int64_t none, Walk(database, dataset_id, kFill));
  return {};
}

Result<std::int64_t> RecomputeContents(Database& database, std::int64_t dataset_id) {
  RETURN_IF_ERROR(CatchUpContents(database, dataset_id));
  return Walk(database, dataset_id, kRecompute);
}

}  // namespace dsw
