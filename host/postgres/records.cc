// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/records.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

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
///
/// The items are arrays, whose length the planner knows, and lie between two ids: of a JSON
/// document it thinks that a hundred rows come out, and would rather read the target's whole
/// table for each batch.
constexpr char kRecord[] = R"sql(
WITH lease AS MATERIALIZED (
  SELECT token FROM dataset_transform_leases WHERE token = $1::bigint FOR KEY SHARE
), transform AS (
  SELECT is_enabled FROM dataset_transforms WHERE dataset_transform_id = $2::bigint
), items AS (
  SELECT * FROM unnest($6::bigint[], $7::text[], $8::int4multirange[])
    AS t(item_id, content_hash, done)
  WHERE EXISTS (SELECT FROM lease)
), failed AS (
  SELECT * FROM jsonb_to_recordset($11::jsonb)
    AS t(item_id bigint, chunk_index integer, reason text)
  WHERE EXISTS (SELECT FROM lease)
), progress AS (
  UPDATE dataset_transform_items p
  SET done = p.done + items.done, job_id = $4, updated_at = now()
  FROM items
  WHERE p.embedded_dataset_id = $3::bigint AND p.item_id = items.item_id
    AND p.item_id BETWEEN $9::bigint AND $10::bigint
    AND p.content_hash = items.content_hash AND p.generation = $5::bigint
), forgiven AS (
  DELETE FROM dataset_transform_failed_chunks f USING items
  WHERE f.embedded_dataset_id = $3::bigint AND f.item_id = items.item_id
    AND f.item_id BETWEEN $9::bigint AND $10::bigint AND items.done @> f.chunk_index
    AND NOT EXISTS (SELECT FROM failed n
                    WHERE n.item_id = f.item_id AND n.chunk_index = f.chunk_index)
), failures AS (
  INSERT INTO dataset_transform_failed_chunks
    (embedded_dataset_id, item_id, chunk_index, reason, job_id)
  SELECT $3::bigint, item_id, chunk_index, reason, $4 FROM failed ORDER BY item_id, chunk_index
  ON CONFLICT (embedded_dataset_id, item_id, chunk_index) DO UPDATE SET
    reason = excluded.reason, job_id = excluded.job_id, failed_at = now()
), batches AS (
  INSERT INTO dataset_transform_batches
    (dataset_transform_id, batch_key, status, chunk_count, processing_duration_ms,
     embedded_dataset_id, job_id, first_item_id, first_chunk, last_item_id, last_chunk,
     tokens, failed_count, error_message)
  SELECT $2::bigint, CASE WHEN length(key) > 255 THEN md5(key) ELSE key END,
         CASE WHEN failed < chunks THEN 'success' ELSE 'skipped' END, chunks, took_ms, $3::bigint,
         $4, first_item, first_chunk, last_item, last_chunk, tokens, failed, reason
  FROM jsonb_to_recordset($12::jsonb)
    AS t(key text, chunks integer, took_ms bigint, first_item bigint, first_chunk integer,
         last_item bigint, last_chunk integer, tokens bigint, failed integer, reason text)
  WHERE EXISTS (SELECT FROM lease) AND EXISTS (SELECT FROM transform)
  ON CONFLICT DO NOTHING
)
SELECT EXISTS (SELECT FROM lease), (SELECT is_enabled FROM transform)
)sql";

/// Both tables are read along their keys, side by side: OFFSET keeps the inner order known to the
/// planner, which would rather look up the item of each record.
constexpr char kStale[] = R"sql(
SELECT p.item_id, coalesce(c.chunk_count, 0), p.stored_count
FROM dataset_transform_items p
LEFT JOIN (SELECT item_id, chunk_count FROM dataset_item_contents
           WHERE dataset_id = $2::bigint AND item_id > $3::bigint AND item_id <= $4::bigint
           ORDER BY item_id OFFSET 0) c ON c.item_id = p.item_id
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

/// What batches cover, item by item, as arrays of the database.
struct Covered {
  std::string item_ids, hashes, done;
  std::int64_t first_item = 0;
  std::int64_t last_item = 0;
};

/// An item may be spread over several batches, and may be there with two contents when it changed
/// while it was read.
Covered CoveredBy(std::span<const FinishedBatch> batches) {
  std::map<std::pair<std::int64_t, std::string>, std::vector<std::int32_t>> items;
  for (const FinishedBatch& finished : batches) {
    const Item* item = nullptr;
    std::vector<std::int32_t>* indexes = nullptr;
    for (const Chunk& chunk : finished.batch->chunks) {
      if (item != chunk.item.get()) {
        item = chunk.item.get();
        indexes = &items[{item->item_id, item->content_hash}];
      }
      indexes->push_back(chunk.index);
    }
  }
  Covered covered{.item_ids = "{", .hashes = "{", .done = "{"};
  covered.first_item = items.begin()->first.first;
  covered.last_item = items.rbegin()->first.first;
  const char* separator = "";
  for (auto& [item, indexes] : items) {
    std::sort(indexes.begin(), indexes.end());
    ChunkRanges done;
    for (const std::int32_t index : indexes) done.Append(index);
    covered.item_ids += fmt::format("{}{}", separator, item.first);
    covered.hashes += fmt::format("{}\"{}\"", separator, item.second);
    covered.done += fmt::format("{}\"{}\"", separator, done.ToString());
    separator = ",";
  }
  for (std::string* array : {&covered.item_ids, &covered.hashes, &covered.done}) *array += '}';
  return covered;
}

/// Each chunk once, whatever its item became while it was read.
json FailedJson(std::span<const FinishedBatch> batches) {
  std::map<ChunkPosition, std::string> reasons;
  for (const FinishedBatch& finished : batches) {
    for (const FailedChunk& chunk : finished.record->failed) {
      reasons[chunk.position] = DatabaseText(Redact(chunk.reason));
    }
  }
  json failed = json::array();
  for (const auto& [position, reason] : reasons) {
    failed.push_back(
        {{"item_id", position.item_id}, {"chunk_index", position.index}, {"reason", reason}});
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

json BatchesJson(const ClaimedTarget& target, std::int64_t generation,
                 std::span<const FinishedBatch> batches) {
  json rows = json::array();
  for (const auto& [batch, record] : batches) {
    const Chunk& first = batch->chunks.front();
    const Chunk& last = batch->chunks.back();
    json row = {{"key", BatchKey(target, generation, *batch)},
                {"chunks", batch->chunks.size()},
                {"took_ms", record->duration.count()},
                {"first_item", first.item->item_id},
                {"first_chunk", first.index},
                {"last_item", last.item->item_id},
                {"last_chunk", last.index},
                {"failed", record->failed.size()}};
    if (record->tokens) row["tokens"] = *record->tokens;
    if (!record->failed.empty()) {
      row["reason"] = DatabaseText(Redact(record->failed.front().reason));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

Status RecordBatches(Database& database, const ClaimedTarget& target, std::int64_t generation,
                     std::span<const FinishedBatch> batches) {
  const Covered covered = CoveredBy(batches);
  const std::string failed = FailedJson(batches).dump();
  const std::string rows = BatchesJson(target, generation, batches).dump();
  return database.Run([&](Session& session) -> Status {
    pqxx::nontransaction transaction(session.connection);
    const auto row =
        Exec(transaction, kRecord, target.token, target.dataset_transform_id,
             target.embedded_dataset_id, target.job_id, generation, covered.item_ids,
             covered.hashes, covered.done, covered.first_item, covered.last_item, failed, rows)
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
  const std::string ids = IdArray(items);
  return database.Run([&](Session& session) -> Status {
    pqxx::nontransaction transaction(session.connection);
    // With no hash that any content has, what the successor is about to record does not fit either.
    Exec(transaction,
         "UPDATE dataset_transform_items p SET content_hash = '', done = '{}', updated_at = now() "
         "WHERE p.embedded_dataset_id = $1::bigint AND p.item_id = ANY($2::bigint[])",
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
