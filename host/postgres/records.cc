// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/records.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host/base/secret.h"
#include "host/postgres/chunk_ranges.h"
#include "host/postgres/session.h"

namespace dsw {
namespace {

using nlohmann::json;

/// One statement, hence one transaction, and nothing at all once the claim is lost: a takeover
/// waits for the lock. The items' rows are there since their chunks were read; one that was made of
/// other content since then is left alone. A batch that is recorded again, as after a commit in
/// doubt, changes nothing. A batch of which nothing could be embedded counts as skipped: Semantic
/// Explorer would submit a failed one again, for ever. Returns whether the claim held, and whether
/// the transform is still wanted.
constexpr char kRecord[] = R"sql(
WITH lease AS MATERIALIZED (
  SELECT token FROM dataset_transform_leases WHERE token = $4::bigint FOR KEY SHARE
), transform AS (
  SELECT is_enabled FROM dataset_transforms WHERE dataset_transform_id = $6::bigint
), items AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb)
    AS t(item_id bigint, content_hash text, done int4multirange)
  WHERE EXISTS (SELECT FROM lease)
), failed AS (
  SELECT * FROM jsonb_to_recordset($2::jsonb) AS t(item_id bigint, chunk_index integer, reason text)
  WHERE EXISTS (SELECT FROM lease)
), progress AS (
  UPDATE dataset_transform_items p
  SET done = p.done + items.done, job_id = $5, updated_at = now()
  FROM items
  WHERE p.embedded_dataset_id = $3::bigint AND p.item_id = items.item_id
    AND p.content_hash = items.content_hash AND p.generation = $15::bigint
), forgiven AS (
  DELETE FROM dataset_transform_failed_chunks f USING items
  WHERE f.embedded_dataset_id = $3::bigint AND f.item_id = items.item_id
    AND items.done @> f.chunk_index
    AND NOT EXISTS (SELECT FROM failed n
                    WHERE n.item_id = f.item_id AND n.chunk_index = f.chunk_index)
), failures AS (
  INSERT INTO dataset_transform_failed_chunks
    (embedded_dataset_id, item_id, chunk_index, reason, job_id)
  SELECT $3::bigint, item_id, chunk_index, reason, $5 FROM failed ORDER BY item_id, chunk_index
  ON CONFLICT (embedded_dataset_id, item_id, chunk_index) DO UPDATE SET
    reason = excluded.reason, job_id = excluded.job_id, failed_at = now()
), batch AS (
  INSERT INTO dataset_transform_batches
    (dataset_transform_id, batch_key, status, chunk_count, processing_duration_ms,
     embedded_dataset_id, job_id, first_item_id, first_chunk, last_item_id, last_chunk,
     tokens, failed_count, error_message)
  SELECT $6::bigint, CASE WHEN length($7) > 255 THEN md5($7) ELSE $7 END,
         CASE WHEN n.failed < $8::integer THEN 'success' ELSE 'skipped' END,
         $8::integer, $9::bigint, $3::bigint, $5, $10::bigint, $11::integer, $12::bigint,
         $13::integer, $14::bigint, n.failed, n.reason
  FROM (SELECT count(*)::integer AS failed, min(reason) AS reason FROM failed) n
  WHERE EXISTS (SELECT FROM lease) AND EXISTS (SELECT FROM transform)
  ON CONFLICT DO NOTHING
)
SELECT EXISTS (SELECT FROM lease), (SELECT is_enabled FROM transform)
)sql";

constexpr char kStale[] = R"sql(
SELECT p.item_id, coalesce(c.chunk_count, 0), p.stored_count
FROM dataset_transform_items p
LEFT JOIN dataset_item_contents c ON c.dataset_id = $2::bigint AND c.item_id = p.item_id
WHERE p.embedded_dataset_id = $1::bigint AND p.item_id > $3::bigint AND p.item_id <= $4::bigint
  AND (p.stored_count > c.chunk_count OR c.item_id IS NULL)
ORDER BY p.item_id LIMIT $5::integer
)sql";

/// An item that has grown again in between has chunks to embed: they are not done any more.
constexpr char kRemoved[] = R"sql(
WITH gone AS (
  SELECT * FROM jsonb_to_recordset($2::jsonb) AS t(item_id bigint, keep integer, stored integer)
), failures AS (
  DELETE FROM dataset_transform_failed_chunks f USING gone
  WHERE f.embedded_dataset_id = $1::bigint AND f.item_id = gone.item_id
    AND f.chunk_index >= gone.keep
), deleted AS (
  DELETE FROM dataset_transform_items p USING gone
  WHERE p.embedded_dataset_id = $1::bigint AND p.item_id = gone.item_id AND gone.keep = 0
    AND p.stored_count <= gone.stored
)
UPDATE dataset_transform_items p
SET stored_count = gone.keep, done = p.done - int4multirange(int4range(gone.keep, gone.stored)),
    updated_at = now()
FROM gone
WHERE p.embedded_dataset_id = $1::bigint AND p.item_id = gone.item_id AND gone.keep > 0
  AND p.stored_count <= gone.stored
)sql";

constexpr char kForgotten[] = R"sql(
UPDATE dataset_transform_items p SET done = p.done - gone.chunks, updated_at = now()
FROM jsonb_to_recordset($2::jsonb) AS gone(item_id bigint, chunks int4multirange)
WHERE p.embedded_dataset_id = $1::bigint AND p.item_id = gone.item_id
)sql";

/// What a batch covers, item by item.
json ItemsJson(const Batch& batch) {
  json items = json::array();
  const Item* item = nullptr;
  ChunkRanges done;
  const auto finish = [&] {
    if (item != nullptr) items.back()["done"] = done.ToString();
  };
  for (const Chunk& chunk : batch.chunks) {
    if (item == nullptr || item->item_id != chunk.item->item_id) {
      finish();
      item = chunk.item.get();
      done = ChunkRanges();
      items.push_back({{"item_id", item->item_id}, {"content_hash", item->content_hash}});
    }
    done.Append(chunk.index);
  }
  finish();
  return items;
}

json FailedJson(const BatchRecord& record) {
  json failed = json::array();
  for (const FailedChunk& chunk : record.failed) {
    failed.push_back({{"item_id", chunk.position.item_id},
                      {"chunk_index", chunk.position.index},
                      {"reason", DatabaseText(Redact(chunk.reason))}});
  }
  return failed;
}

/// Unique within the transform, and the same whenever a job does the same batch.
std::string BatchKey(const ClaimedTarget& target, std::int64_t generation, const Batch& batch) {
  const Chunk& first = batch.chunks.front();
  const Chunk& last = batch.chunks.back();
  return fmt::format("{}/{}/{}/{}.{}-{}.{}", target.embedded_dataset_id, target.job_id, generation,
                     first.item->item_id, first.index, last.item->item_id, last.index);
}

}  // namespace

Status RecordBatch(Database& database, const ClaimedTarget& target, std::int64_t generation,
                   const Batch& batch, const BatchRecord& record) {
  const std::string items = ItemsJson(batch).dump();
  const std::string failed = FailedJson(record).dump();
  const std::string key = BatchKey(target, generation, batch);
  const std::string tokens = record.tokens ? std::to_string(*record.tokens) : "";
  const Chunk& first = batch.chunks.front();
  const Chunk& last = batch.chunks.back();
  return database.Run([&](Session& session) -> Status {
    pqxx::nontransaction transaction(session.connection);
    const auto row =
        Exec(transaction, kRecord, items, failed, target.embedded_dataset_id, target.token,
             target.job_id, target.dataset_transform_id, key,
             static_cast<std::int64_t>(batch.chunks.size()),
             static_cast<std::int64_t>(record.duration.count()), first.item->item_id, first.index,
             last.item->item_id, last.index, record.tokens ? tokens.c_str() : nullptr, generation)
            .at(0);
    if (!IsTrue(row[0]) || row[1].is_null()) return Fail(Lost(transaction, target));
    if (!IsTrue(row[1])) {
      return Fail(Code::kWithdrawn,
                  fmt::format("transform {} was disabled", target.dataset_transform_id));
    }
    return {};
  });
}

Status Disown(Database& database, const ClaimedTarget& target,
              std::span<const std::int64_t> items) {
  const std::string ids = json(std::vector<std::int64_t>(items.begin(), items.end())).dump();
  return database.Run([&](Session& session) -> Status {
    pqxx::nontransaction transaction(session.connection);
    // With no hash that any content has, what the successor is about to record does not fit either.
    Exec(transaction,
         "UPDATE dataset_transform_items p SET content_hash = '', done = '{}', updated_at = now() "
         "FROM jsonb_array_elements_text($2::jsonb) AS t(item_id) "
         "WHERE p.embedded_dataset_id = $1::bigint AND p.item_id = t.item_id::bigint",
         target.embedded_dataset_id, ids);
    return {};
  });
}

Result<std::vector<StaleItem>> ListStale(Database& database, const ClaimedTarget& target,
                                         std::int64_t after_item_id, int limit) {
  return database.Run([&](Session& session) -> Result<std::vector<StaleItem>> {
    pqxx::nontransaction transaction(session.connection);
    const pqxx::result rows =
        Exec(transaction, kStale, target.embedded_dataset_id, target.dataset_id,
             std::max(after_item_id, target.span.first - 1), target.span.last, limit);
    std::vector<StaleItem> items;
    for (const auto& row : rows) {
      items.push_back({.item_id = Int64(row[0]), .keep = Int32(row[1]), .stored = Int32(row[2])});
    }
    return items;
  });
}

Status RecordRemoval(Database& database, const ClaimedTarget& target,
                     std::span<const StaleItem> items) {
  json gone = json::array();
  for (const StaleItem& item : items) {
    gone.push_back({{"item_id", item.item_id}, {"keep", item.keep}, {"stored", item.stored}});
  }
  const std::string text = gone.dump();
  return database.Run([&](Session& session) -> Status {
    pqxx::work transaction(session.connection);
    RETURN_IF_ERROR(Hold(transaction, target));
    Exec(transaction, kRemoved, target.embedded_dataset_id, text);
    transaction.commit();
    return {};
  });
}

Status ForgetChunks(Database& database, const ClaimedTarget& target,
                    std::span<const ChunkPosition> chunks) {
  json gone = json::array();
  for (std::size_t i = 0; i < chunks.size();) {
    const std::int64_t item_id = chunks[i].item_id;
    ChunkRanges ranges;
    for (; i < chunks.size() && chunks[i].item_id == item_id; ++i) ranges.Append(chunks[i].index);
    gone.push_back({{"item_id", item_id}, {"chunks", ranges.ToString()}});
  }
  const std::string text = gone.dump();
  return database.Run([&](Session& session) -> Status {
    pqxx::work transaction(session.connection);
    RETURN_IF_ERROR(Hold(transaction, target));
    Exec(transaction, kForgotten, target.embedded_dataset_id, text);
    transaction.commit();
    return {};
  });
}

}  // namespace dsw
