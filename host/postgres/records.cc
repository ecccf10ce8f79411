// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/records.h"

#include <atomic>
#include <random>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host/base/secret.h"
#include "host/postgres/chunk_ranges.h"
#include "host/postgres/pending_items.h"
#include "host/postgres/session.h"

namespace dsw {
namespace {

using nlohmann::json;

/// Chunks of an item that need no embedding; the condition is the opposite of the one in
/// pending_items.cc.
constexpr char kCount[] = R"sql(
SELECT coalesce(sum(c.chunks), 0)::bigint, coalesce(sum(
  CASE WHEN p.item_id IS NULL OR NOT ($3::boolean OR p.job_id = $4) THEN 0
       WHEN p.content_hash <>
            md5(md5(i.title) || md5(i.metadata::text) || md5(i.chunks::text)) THEN 0
       WHEN p.done @> int4range(0, c.chunks) THEN c.chunks
       ELSE (SELECT coalesce(sum(upper(r) - lower(r)), 0)
             FROM unnest(p.done * int4multirange(int4range(0, c.chunks))) r) END), 0)::bigint
FROM dataset_items i
CROSS JOIN LATERAL (SELECT dsw_chunk_count(i.chunks) AS chunks OFFSET 0) c
LEFT JOIN dataset_transform_items p
  ON p.embedded_dataset_id = $2::bigint AND p.item_id = i.item_id
WHERE i.dataset_id = $1::bigint
)sql";

/// One statement, hence one transaction. Rows are touched in order of item_id, so that batches that
/// share an item wait for each other instead of deadlocking. A batch that is recorded again, as
/// after a commit in doubt, changes nothing. A batch of which nothing could be embedded counts as
/// skipped: Semantic Explorer would submit a failed one again, for ever.
constexpr char kRecord[] = R"sql(
WITH items AS (
  SELECT * FROM jsonb_to_recordset($1::jsonb)
    AS t(item_id bigint, content_hash text, chunk_count integer, done int4multirange)
), failed AS (
  SELECT * FROM jsonb_to_recordset($2::jsonb) AS t(item_id bigint, chunk_index integer, reason text)
), progress AS (
  INSERT INTO dataset_transform_items AS p
    (embedded_dataset_id, item_id, content_hash, chunk_count, stored_count, done, job_id)
  SELECT $3::bigint, item_id, content_hash, chunk_count, chunk_count, done, $4
  FROM items ORDER BY item_id
  ON CONFLICT (embedded_dataset_id, item_id) DO UPDATE SET
    done = CASE WHEN p.content_hash = excluded.content_hash
                 AND ($5::boolean OR p.job_id = excluded.job_id)
                THEN p.done + excluded.done ELSE excluded.done END,
    content_hash = excluded.content_hash, chunk_count = excluded.chunk_count,
    stored_count = greatest(p.stored_count, excluded.stored_count),
    job_id = excluded.job_id, updated_at = now()
), forgiven AS (
  DELETE FROM dataset_transform_failed_chunks f USING items
  WHERE f.embedded_dataset_id = $3::bigint AND f.item_id = items.item_id
    AND items.done @> f.chunk_index
    AND NOT EXISTS (SELECT FROM failed n
                    WHERE n.item_id = f.item_id AND n.chunk_index = f.chunk_index)
), failures AS (
  INSERT INTO dataset_transform_failed_chunks
    (embedded_dataset_id, item_id, chunk_index, reason, job_id)
  SELECT $3::bigint, item_id, chunk_index, reason, $4 FROM failed ORDER BY item_id, chunk_index
  ON CONFLICT (embedded_dataset_id, item_id, chunk_index) DO UPDATE SET
    reason = excluded.reason, job_id = excluded.job_id, failed_at = now()
)
INSERT INTO dataset_transform_batches
  (dataset_transform_id, batch_key, status, chunk_count, processing_duration_ms,
   embedded_dataset_id, job_id, first_item_id, first_chunk, last_item_id, last_chunk,
   tokens, failed_count, error_message)
SELECT $6::bigint, CASE WHEN length($7) > 255 THEN md5($7) ELSE $7 END,
       CASE WHEN n.failed < $8::integer THEN 'success' ELSE 'skipped' END,
       $8::integer, $9::bigint, $3::bigint, $4, $10::bigint, $11::integer, $12::bigint,
       $13::integer, $14::bigint, n.failed, n.reason
FROM (SELECT count(*)::integer AS failed, min(reason) AS reason FROM failed) n
ON CONFLICT DO NOTHING
)sql";

constexpr char kStale[] = R"sql(
SELECT p.item_id, coalesce(c.chunks, 0), p.stored_count
FROM dataset_transform_items p
JOIN embedded_datasets e ON e.embedded_dataset_id = p.embedded_dataset_id
LEFT JOIN dataset_items i ON i.item_id = p.item_id AND i.dataset_id = e.source_dataset_id
LEFT JOIN LATERAL (SELECT dsw_chunk_count(i.chunks) AS chunks OFFSET 0) c ON true
WHERE p.embedded_dataset_id = $1::bigint AND p.item_id > $2::bigint
  AND p.stored_count > coalesce(c.chunks, 0)
ORDER BY p.item_id LIMIT $3::integer
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

constexpr char kFinish[] = R"sql(
UPDATE embedded_datasets e
SET last_processed_at = now(), updated_at = now(), source_dataset_version = d.updated_at,
    last_processed_item_id = (SELECT max(i.item_id) FROM dataset_items i
                              WHERE i.dataset_id = d.dataset_id)
FROM datasets d
WHERE e.embedded_dataset_id = $1::bigint AND d.dataset_id = e.source_dataset_id
)sql";

/// Computed from the records, so that finishing twice is finishing once.
constexpr char kStatistics[] = R"sql(
WITH targets AS (
  SELECT embedded_dataset_id, source_dataset_id FROM embedded_datasets
  WHERE dataset_transform_id = $1::bigint
), done AS (
  SELECT coalesce(sum(upper(r) - lower(r)), 0) AS chunks
  FROM targets JOIN dataset_transform_items p USING (embedded_dataset_id), unnest(p.done) r
), failed AS (
  SELECT count(*) AS chunks FROM targets JOIN dataset_transform_failed_chunks
    USING (embedded_dataset_id)
), wanted AS (
  SELECT coalesce(sum(d.total_chunks), 0) AS chunks
  FROM targets t JOIN datasets d ON d.dataset_id = t.source_dataset_id
), batches AS (
  SELECT count(*) FILTER (WHERE status = 'success') AS good,
         count(*) FILTER (WHERE status = 'failed') AS bad, count(*) AS number,
         coalesce(sum(chunk_count), 0) AS chunks, min(created_at) AS first
  FROM dataset_transform_batches WHERE dataset_transform_id = $1::bigint
)
INSERT INTO dataset_transform_stats AS s
  (dataset_transform_id, total_chunks_embedded, total_chunks_failed, total_chunks_to_process,
   successful_batches, failed_batches, total_batches_dispatched, total_chunks_dispatched,
   current_run_id, last_processed_at, first_processing_at)
SELECT $1::bigint, done.chunks - failed.chunks, failed.chunks, wanted.chunks, batches.good,
       batches.bad, batches.number, batches.chunks, $2, now(), coalesce(batches.first, now())
FROM done, failed, wanted, batches
ON CONFLICT (dataset_transform_id) DO UPDATE SET
  total_chunks_embedded = excluded.total_chunks_embedded,
  total_chunks_failed = excluded.total_chunks_failed,
  total_chunks_to_process = excluded.total_chunks_to_process,
  successful_batches = excluded.successful_batches, failed_batches = excluded.failed_batches,
  total_batches_dispatched = excluded.total_batches_dispatched,
  total_chunks_dispatched = excluded.total_chunks_dispatched,
  current_run_id = excluded.current_run_id, last_processed_at = excluded.last_processed_at,
  first_processing_at = coalesce(s.first_processing_at, excluded.first_processing_at),
  updated_at = now()
)sql";

/// The call's own number keeps a repetition after a commit in doubt from counting twice.
constexpr char kFailure[] = R"sql(
INSERT INTO dataset_transform_job_failures AS f
  (job_id, dataset_transform_id, failures, error_type, error_message, last_call)
VALUES ($1, $2::bigint, 1, $3, $4, $5)
ON CONFLICT (job_id) DO UPDATE SET
  failures = f.failures + CASE WHEN f.last_call = excluded.last_call THEN 0 ELSE 1 END,
  error_type = excluded.error_type, error_message = excluded.error_message,
  last_call = excluded.last_call, last_failed_at = now()
RETURNING failures
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
      items.push_back({{"item_id", item->item_id},
                       {"content_hash", item->content_hash},
                       {"chunk_count", item->chunk_count}});
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
std::string BatchKey(const Target& target, const std::string& job_id, const Batch& batch) {
  const Chunk& first = batch.chunks.front();
  const Chunk& last = batch.chunks.back();
  return fmt::format("{}/{}/{}.{}-{}.{}", target.embedded_dataset_id, job_id, first.item->item_id,
                     first.index, last.item->item_id, last.index);
}

const char* Bool(bool value) {
  return value ? "true" : "false";
}

std::string NewCallNumber() {
  static const std::uint64_t process = [] {
    std::random_device device;
    return (static_cast<std::uint64_t>(device()) << 32) | device();
  }();
  static std::atomic<std::uint64_t> calls{0};
  return fmt::format("{:016x}-{}", process, ++calls);
}

}  // namespace

Result<DatasetStore::Counts> CountChunks(Database& database, const Plan& plan,
                                         const Target& target) {
  const PendingQuery query = MakeQuery(plan, target);
  return database.Run([&](Session& session) -> Result<DatasetStore::Counts> {
    pqxx::nontransaction transaction(session.connection);
    const pqxx::result rows = Exec(transaction, kCount, query.dataset_id, query.embedded_dataset_id,
                                   Bool(query.incremental), query.job_id);
    return DatasetStore::Counts{.total = Int64(rows[0][0]), .done = Int64(rows[0][1])};
  });
}

Status RecordBatch(Database& database, const Plan& plan, const Target& target, const Batch& batch,
                   const BatchRecord& record) {
  const std::string job_id = DatabaseText(plan.job_id);
  const std::string items = ItemsJson(batch).dump();
  const std::string failed = FailedJson(record).dump();
  const std::string key = BatchKey(target, job_id, batch);
  const std::string tokens = record.tokens ? std::to_string(*record.tokens) : "";
  const Chunk& first = batch.chunks.front();
  const Chunk& last = batch.chunks.back();
  return database.Run([&](Session& session) -> Status {
    pqxx::nontransaction transaction(session.connection);
    Exec(transaction, kRecord, items, failed, target.embedded_dataset_id, job_id,
         Bool(plan.mode == Mode::kIncremental), plan.dataset_transform_id, key,
         static_cast<std::int64_t>(batch.chunks.size()),
         static_cast<std::int64_t>(record.duration.count()), first.item->item_id, first.index,
         last.item->item_id, last.index, record.tokens ? tokens.c_str() : nullptr);
    return {};
  });
}

Result<std::vector<StaleItem>> ListStale(Database& database, const Target& target,
                                         std::int64_t after_item_id, int limit) {
  return database.Run([&](Session& session) -> Result<std::vector<StaleItem>> {
    pqxx::nontransaction transaction(session.connection);
    const pqxx::result rows =
        Exec(transaction, kStale, target.embedded_dataset_id, after_item_id, limit);
    std::vector<StaleItem> items;
    for (const auto& row : rows) {
      items.push_back({.item_id = Int64(row[0]), .keep = Int32(row[1]), .stored = Int32(row[2])});
    }
    return items;
  });
}

Status RecordRemoval(Database& database, const Target& target, std::span<const StaleItem> items) {
  json gone = json::array();
  for (const StaleItem& item : items) {
    gone.push_back({{"item_id", item.item_id}, {"keep", item.keep}, {"stored", item.stored}});
  }
  const std::string text = gone.dump();
  return database.Run([&](Session& session) -> Status {
    pqxx::nontransaction transaction(session.connection);
    Exec(transaction, kRemoved, target.embedded_dataset_id, text);
    return {};
  });
}

Status FinishTarget(Database& database, const Plan& plan, const Target& target) {
  const std::string job_id = DatabaseText(plan.job_id);
  return database.Run([&](Session& session) -> Status {
    pqxx::work transaction(session.connection);
    Exec(transaction, kFinish, target.embedded_dataset_id);
    Exec(transaction, kStatistics, plan.dataset_transform_id, job_id);
    transaction.commit();
    return {};
  });
}

Result<int> CountFailure(Database& database, const Job& job, const Error& error) {
  const std::string job_id = DatabaseText(job.job_id);
  const std::string type(CodeName(error.code));
  const std::string message = DatabaseText(Redact(error.message));
  const std::string call = NewCallNumber();
  return database.Run([&](Session& session) -> Result<int> {
    pqxx::nontransaction transaction(session.connection);
    return Int32(
        Exec(transaction, kFailure, job_id, job.dataset_transform_id, type, message, call)[0][0]);
  });
}

Status ClearFailures(Database& database, const Job& job) {
  const std::string job_id = DatabaseText(job.job_id);
  return database.Run([&](Session& session) -> Status {
    pqxx::nontransaction transaction(session.connection);
    Exec(transaction, "DELETE FROM dataset_transform_job_failures WHERE job_id = $1", job_id);
    return {};
  });
}

}  // namespace dsw
