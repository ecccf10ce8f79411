// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/run_end.h"

#include <algorithm>
#include <string>

#include "host/base/secret.h"
#include "host/postgres/session.h"

namespace dsw {
namespace {

constexpr char kTotals[] = R"sql(
SELECT coalesce(r.chunks_total, 0),
       r.chunks_done + CASE WHEN r.outcome = 'success' THEN 0 ELSE b.good END,
       r.chunks_failed + CASE WHEN r.outcome = 'success' THEN 0 ELSE b.bad END, b.number, b.tokens,
       ceil(extract(epoch FROM coalesce(r.ended_at, clock_timestamp()) - r.started_at) * 1000)::bigint,
       r.outcome IS NOT NULL
FROM dataset_transform_runs r, LATERAL (
  SELECT coalesce(sum(chunk_count - failed_count), 0)::bigint AS good,
         coalesce(sum(failed_count), 0)::bigint AS bad, count(*) AS number,
         coalesce(sum(tokens), 0)::bigint AS tokens
  FROM dataset_transform_batches b
  WHERE b.embedded_dataset_id = r.embedded_dataset_id AND b.job_id = r.job_id) b
WHERE r.embedded_dataset_id = $1::bigint AND r.job_id = $2
)sql";

/// The watermark is what the run read when it began: what came later is for the next job. The
/// counts are those of the dataset as it is now.
constexpr char kComplete[] = R"sql(
WITH total AS (
  SELECT coalesce(sum(chunk_count), 0)::bigint AS chunks FROM dataset_item_contents
  WHERE dataset_id = $3::bigint
), failed AS (
  SELECT count(*) AS chunks FROM dataset_transform_failed_chunks f
  JOIN dataset_item_contents c
    ON c.dataset_id = $3::bigint AND c.item_id = f.item_id AND f.chunk_index < c.chunk_count
  WHERE f.embedded_dataset_id = $1::bigint
), run AS (
  UPDATE dataset_transform_runs
  SET outcome = 'success', ended_at = clock_timestamp(), error = NULL,
      chunks_total = total.chunks, chunks_failed = failed.chunks,
      chunks_done = total.chunks - failed.chunks
  FROM total, failed
  WHERE embedded_dataset_id = $1::bigint AND job_id = $2 AND outcome IS DISTINCT FROM 'success'
  RETURNING source_version, last_item_id, chunks_total, chunks_done, chunks_failed
), target AS (
  UPDATE dataset_transform_targets
  SET previous_maker = '', chunks_total = run.chunks_total, chunks_done = run.chunks_done,
      chunks_failed = run.chunks_failed
  FROM run WHERE embedded_dataset_id = $1::bigint
)
UPDATE embedded_datasets e
SET last_processed_at = now(), updated_at = now(), source_dataset_version = run.source_version,
    last_processed_item_id = run.last_item_id::integer,
    dimensions = coalesce(nullif($4::bigint, 0)::integer, e.dimensions)
FROM run WHERE e.embedded_dataset_id = $1::bigint
RETURNING e.embedded_dataset_id
)sql";

constexpr char kStatistics[] = R"sql(
WITH targets AS (
  SELECT coalesce(sum(t.chunks_done), 0) AS done, coalesce(sum(t.chunks_failed), 0) AS failed,
         coalesce(sum(t.chunks_total), 0) AS total
  FROM embedded_datasets e JOIN dataset_transform_targets t USING (embedded_dataset_id)
  WHERE e.dataset_transform_id = $1::bigint
), batches AS (
  SELECT count(*) FILTER (WHERE status = 'success') AS good, count(*) AS number,
         coalesce(sum(chunk_count), 0) AS chunks, min(created_at) AS first
  FROM dataset_transform_batches WHERE embedded_dataset_id = $3::bigint AND job_id = $2
)
INSERT INTO dataset_transform_stats AS s
  (dataset_transform_id, total_chunks_embedded, total_chunks_failed, total_chunks_to_process,
   successful_batches, failed_batches, total_batches_dispatched, total_chunks_dispatched,
   current_run_id, last_processed_at, first_processing_at, last_outcome, last_error)
SELECT dataset_transform_id, targets.done, targets.failed, targets.total, batches.good,
       CASE WHEN $4 = 'failed' THEN 1 ELSE 0 END, batches.number, batches.chunks, $2, now(),
       coalesce(batches.first, now()), $4, $5
FROM dataset_transforms, targets, batches
WHERE dataset_transform_id = $1::bigint
ON CONFLICT (dataset_transform_id) DO UPDATE SET
  total_chunks_embedded = excluded.total_chunks_embedded,
  total_chunks_failed = excluded.total_chunks_failed,
  total_chunks_to_process = excluded.total_chunks_to_process,
  successful_batches = s.successful_batches + excluded.successful_batches,
  failed_batches = s.failed_batches + excluded.failed_batches,
  total_batches_dispatched = s.total_batches_dispatched + excluded.total_batches_dispatched,
  total_chunks_dispatched = s.total_chunks_dispatched + excluded.total_chunks_dispatched,
  current_run_id = excluded.current_run_id, last_processed_at = excluded.last_processed_at,
  first_processing_at = coalesce(s.first_processing_at, excluded.first_processing_at),
  last_outcome = excluded.last_outcome, last_error = excluded.last_error, updated_at = now()
)sql";

/// Some at a time, so that no job pays for all of the past.
constexpr char kForget[] = R"sql(
DELETE FROM dataset_transform_batches WHERE id IN (
  SELECT b.id FROM dataset_transform_runs r
  JOIN dataset_transform_batches b
    ON b.embedded_dataset_id = r.embedded_dataset_id AND b.job_id = r.job_id
  WHERE r.embedded_dataset_id = $1::bigint AND r.outcome IS NOT NULL
    AND r.ended_at < now() - $2::bigint * interval '1 hour'
  LIMIT 20000)
)sql";

constexpr char kFailedRun[] = R"sql(
UPDATE dataset_transform_runs SET outcome = $2, ended_at = clock_timestamp(), error = $3
WHERE job_id = $1 AND outcome IS NULL AND embedded_dataset_id = $4::bigint
RETURNING embedded_dataset_id
)sql";

/// Targets of the job: the one that is named, or all.
constexpr char kLockTargets[] = R"sql(
SELECT embedded_dataset_id FROM dataset_transform_targets
WHERE embedded_dataset_id IN (
  SELECT embedded_dataset_id FROM dataset_transform_runs
  WHERE job_id = $1 AND ($2::bigint = 0 OR embedded_dataset_id = $2::bigint))
ORDER BY embedded_dataset_id FOR UPDATE
)sql";

/// Of jobs whose messages were taken out of the queue, and of versions that counted otherwise. No
/// job waits that long between two tries.
constexpr char kForgetFailures[] = R"sql(
DELETE FROM dataset_transform_job_failures
WHERE dataset_transform_id = $1::bigint AND last_failed_at < now() - interval '30 days'
)sql";

constexpr char kReached[] = R"sql(
UPDATE dataset_transform_targets
SET chunks_total = $2::bigint, chunks_done = $3::bigint, chunks_failed = $4::bigint
WHERE embedded_dataset_id = $1::bigint
)sql";

RunTotals ReadTotals(pqxx::transaction_base& transaction, std::int64_t embedded_dataset_id,
                     const std::string& job_id) {
  const pqxx::result rows = Exec(transaction, kTotals, embedded_dataset_id, job_id);
  if (rows.empty()) return {};
  const auto row = rows[0];
  RunTotals totals{.total = Int64(row[0]),
                   .done = Int64(row[1]),
                   .failed = Int64(row[2]),
                   .batches = Int64(row[3]),
                   .tokens = Int64(row[4]),
                   .took = std::chrono::milliseconds(Int64(row[5])),
                   .over = row[6].as<bool>()};
  // Items that are changed while the run goes on may be embedded twice in it, grow, or go.
  totals.total = std::max(totals.total, totals.failed);
  totals.done = std::min(totals.done, totals.total - totals.failed);
  return totals;
}

/// The job that ends without success.
struct Failing {
  std::int64_t dataset_transform_id = 0;
  std::string job_id;
};

void WriteStatistics(pqxx::transaction_base& transaction, const Failing& what,
                     std::int64_t embedded_dataset_id, const char* outcome,
                     const std::string& message) {
  Exec(transaction, kStatistics, what.dataset_transform_id, what.job_id, embedded_dataset_id,
       outcome, message);
}

/// Ends the run of a target that is locked, unless it is over, and writes down how far it came.
bool EndRun(pqxx::transaction_base& transaction, const Failing& what, std::int64_t target,
            const char* outcome, const std::string& message) {
  if (Exec(transaction, kFailedRun, what.job_id, outcome, message, target).empty()) return false;
  const RunTotals totals = ReadTotals(transaction, target, what.job_id);
  Exec(transaction, kReached, target, totals.total, totals.done, totals.failed);
  WriteStatistics(transaction, what, target, outcome, message);
  return true;
}

/// How many pieces of the run are neither done nor given up, and how many are given up.
struct Pieces {
  std::int64_t waiting = 0;
  std::int64_t dead = 0;
};
Pieces PiecesOf(pqxx::transaction_base& transaction, std::int64_t embedded_dataset_id,
                const std::string& job_id) {
  const auto row = Exec(transaction,
                        "SELECT count(*) FILTER (WHERE state = 'waiting'), "
                        "       count(*) FILTER (WHERE state = 'dead') "
                        "FROM dataset_transform_ranges "
                        "WHERE embedded_dataset_id = $1::bigint AND job_id = $2",
                        embedded_dataset_id, job_id)
                       .at(0);
  return {Int64(row[0]), Int64(row[1])};
}

}  // namespace

bool JobComplete(pqxx::transaction_base& transaction, const std::string& job_id) {
  return IsTrue(Exec(transaction,
                     "SELECT count(*) FILTER (WHERE outcome = 'success') >= max(job_targets) "
                     "FROM dataset_transform_runs WHERE job_id = $1",
                     job_id)
                    .at(0)[0]);
}

Result<RunEnd> FinishRun(Database& database, const ClaimedTarget& target, std::uint32_t dimensions,
                         std::chrono::hours retention) {
  return database.Run(Database::Patience::kLong, [&](Session& session) -> Result<RunEnd> {
    pqxx::work transaction(session.connection);
    BeginLong(transaction);
    RETURN_IF_ERROR(LockTarget(transaction, target));
    RETURN_IF_ERROR(Hold(transaction, target));
    Pieces pieces;
    if (!target.whole()) {
      Exec(transaction,
           "UPDATE dataset_transform_ranges SET state = 'done', error = NULL "
           "WHERE embedded_dataset_id = $1::bigint AND job_id = $2 AND number = $3::integer",
           target.embedded_dataset_id, target.job_id, target.range);
      pieces = PiecesOf(transaction, target.embedded_dataset_id, target.job_id);
    }
    const bool complete = pieces.waiting == 0 && pieces.dead == 0;
    if (pieces.waiting == 0) LockRunEnds(transaction, target.dataset_transform_id);
    if (complete) {
      const pqxx::result ended =
          Exec(transaction, kComplete, target.embedded_dataset_id, target.job_id, target.dataset_id,
               static_cast<std::int64_t>(dimensions));
      if (!ended.empty()) {
        Exec(transaction, kStatistics, target.dataset_transform_id, target.job_id,
             target.embedded_dataset_id, "success", static_cast<const char*>(nullptr));
      }
      Exec(transaction, kForget, target.embedded_dataset_id,
           static_cast<std::int64_t>(retention.count()));
      Exec(transaction, kForgetFailures, target.dataset_transform_id);
    } else if (pieces.waiting == 0) {
      EndRun(transaction,
             {.dataset_transform_id = target.dataset_transform_id, .job_id = target.job_id},
             target.embedded_dataset_id, "failed", RangesGivenUp(pieces.dead));
    }
    Exec(transaction, "DELETE FROM dataset_transform_leases WHERE token = $1::bigint",
         target.token);
    const bool job_complete = complete && JobComplete(transaction, target.job_id);
    transaction.commit();
    return RunEnd{
        .complete = pieces.waiting == 0, .job_complete = job_complete, .dead_ranges = pieces.dead};
  });
}

Result<RunTotals> TotalsOf(Database& database, const ClaimedTarget& target) {
  return database.Run([&](Session& session) -> Result<RunTotals> {
    pqxx::nontransaction transaction(session.connection);
    return ReadTotals(transaction, target.embedded_dataset_id, target.job_id);
  });
}

Result<RunEnd> EndFailed(Database& database, const Job& job, const Error& error) {
  const Failing what{.dataset_transform_id = job.dataset_transform_id,
                     .job_id = DatabaseText(job.job_id)};
  const std::int64_t of_range = job.range ? job.embedded_dataset_id.value_or(0) : std::int64_t{0};
  const std::string message = DatabaseText(Redact(error.message));
  const char* const outcome = error.code == Code::kWithdrawn ? "stopped" : "failed";
  return database.Run([&](Session& session) -> Result<RunEnd> {
    pqxx::work transaction(session.connection);
    const pqxx::result targets = Exec(transaction, kLockTargets, what.job_id, of_range);
    Pieces pieces;
    if (job.range) {
      Exec(transaction,
           "UPDATE dataset_transform_ranges SET state = 'dead', error = $4 "
           "WHERE embedded_dataset_id = $1::bigint AND job_id = $2 AND number = $3::integer "
           "  AND state <> 'done'",
           of_range, what.job_id, job.range->number, message);
      pieces = PiecesOf(transaction, of_range, what.job_id);
    }
    if (pieces.waiting == 0) {
      LockRunEnds(transaction, what.dataset_transform_id);
      bool ended = false;
      for (const auto& target : targets) {
        if (EndRun(transaction, what, Int64(target[0]), outcome, message)) ended = true;
      }
      if (!ended) WriteStatistics(transaction, what, 0, outcome, message);
    }
    transaction.commit();
    return RunEnd{.complete = pieces.waiting == 0,
                  .job_complete = pieces.waiting == 0,
                  .dead_ranges = pieces.dead};
  });
}

}  // namespace dsw
