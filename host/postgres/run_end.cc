// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/run_end.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

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

/// What the job and its targets $3 came to that have just ended, or the job itself ($4, $5) when no
/// run of it was ever made. The outcome is the worst of all targets. A run that is opened again
/// ends again: what was counted of it once is not counted anew, and a job fails once.
constexpr char kStatistics[] = R"sql(
WITH targets AS (
  SELECT coalesce(sum(t.chunks_done), 0) AS done, coalesce(sum(t.chunks_failed), 0) AS failed,
         coalesce(sum(t.chunks_total), 0) AS total
  FROM embedded_datasets e JOIN dataset_transform_targets t USING (embedded_dataset_id)
  WHERE e.dataset_transform_id = $1::bigint
), runs AS (
  SELECT * FROM dataset_transform_runs WHERE job_id = $2
), job AS (
  SELECT coalesce(CASE WHEN bool_or(outcome = 'failed') THEN 'failed'
                       WHEN bool_or(outcome = 'stopped') THEN 'stopped'
                       WHEN bool_or(outcome = 'success') THEN 'success' END, $4) AS outcome,
         CASE WHEN count(outcome) = 0 THEN $5
              ELSE (array_agg(error ORDER BY outcome = 'failed' DESC, ended_at)
                      FILTER (WHERE outcome <> 'success'))[1] END AS error,
         NOT coalesce(bool_or(failure_counted), false) AS first_failure
  FROM runs
), counted AS (
  UPDATE dataset_transform_runs
  SET counted_at = clock_timestamp(), failure_counted = failure_counted OR outcome = 'failed'
  WHERE job_id = $2 AND embedded_dataset_id = ANY($3::bigint[])
), batches AS (
  SELECT count(*) FILTER (WHERE b.status = 'success') AS good, count(*) AS number,
         coalesce(sum(b.chunk_count), 0) AS chunks, min(b.created_at) AS first
  FROM runs r JOIN dataset_transform_batches b
    ON b.embedded_dataset_id = r.embedded_dataset_id AND b.job_id = r.job_id
  WHERE r.embedded_dataset_id = ANY($3::bigint[])
    AND b.created_at > coalesce(r.counted_at, '-infinity')
)
INSERT INTO dataset_transform_stats AS s
  (dataset_transform_id, total_chunks_embedded, total_chunks_failed, total_chunks_to_process,
   successful_batches, failed_batches, total_batches_dispatched, total_chunks_dispatched,
   current_run_id, last_processed_at, first_processing_at, last_outcome, last_error)
SELECT dataset_transform_id, targets.done, targets.failed, targets.total, batches.good,
       CASE WHEN job.outcome = 'failed' AND job.first_failure THEN 1 ELSE 0 END, batches.number,
       batches.chunks, $2, now(), coalesce(batches.first, now()), job.outcome, job.error
FROM dataset_transforms, targets, batches, job
WHERE dataset_transform_id = $1::bigint
ON CONFLICT (dataset_transform_id) DO UPDATE SET
  total_chunks_embedded = excluded.total_chunks_embedded,
  total_chunks_failed = excluded.total_chunks_failed,
  total_chunks_to_process = excluded.total_chunks_to_process,
  successful_batches = s.successful_batches + excluded.successful_batches,
  failed_batches = s.failed_batches
    + CASE WHEN $3::bigint[] = '{}' AND s.current_run_id = excluded.current_run_id
                AND s.last_outcome = excluded.last_outcome
           THEN 0 ELSE excluded.failed_batches END,
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
RETURNING chunks_total IS NOT NULL
)sql";

/// Why a job is no success: of the target that failed first.
constexpr char kEndOfJob[] = R"sql(
SELECT bool_and(outcome IS NOT NULL),
       coalesce((array_agg(coalesce(nullif(error, ''), outcome)
                           ORDER BY outcome = 'failed' DESC, ended_at)
                   FILTER (WHERE outcome <> 'success'))[1], '')
FROM dataset_transform_runs WHERE job_id = $1
)sql";

/// Of the target that is named, or of the one that a job stands for as a whole.
constexpr char kFarthest[] = R"sql(
SELECT embedded_dataset_id FROM dataset_transform_runs
WHERE job_id = $1 AND ($2::bigint = 0 OR embedded_dataset_id = $2::bigint)
  AND chunks_total IS NOT NULL
ORDER BY outcome IS NOT DISTINCT FROM 'success', ended_at DESC NULLS LAST LIMIT 1
)sql";

/// Those that were never claimed have none to be locked.
constexpr char kMakeTargets[] = R"sql(
INSERT INTO dataset_transform_targets (embedded_dataset_id)
SELECT embedded_dataset_id FROM dataset_transform_runs r
JOIN embedded_datasets e USING (embedded_dataset_id)
WHERE r.job_id = $1 ORDER BY embedded_dataset_id FOR KEY SHARE OF e
ON CONFLICT DO NOTHING
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

std::optional<RunTotals> ReadTotals(pqxx::transaction_base& transaction,
                                    std::int64_t embedded_dataset_id, const std::string& job_id) {
  const pqxx::result rows = Exec(transaction, kTotals, embedded_dataset_id, job_id);
  if (rows.empty()) return std::nullopt;
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

std::optional<Reached> ReadReached(pqxx::transaction_base& transaction, std::int64_t target,
                                   const std::string& job_id) {
  const pqxx::result rows = Exec(transaction, kFarthest, job_id, target);
  if (rows.empty()) return std::nullopt;
  const std::int64_t farthest = Int64(rows[0][0]);
  const std::optional<RunTotals> totals = ReadTotals(transaction, farthest, job_id);
  if (!totals) return std::nullopt;
  return Reached{.embedded_dataset_id = farthest, .totals = *totals};
}

/// The end of a job, or of a part of it, without success.
struct Failing {
  std::int64_t dataset_transform_id = 0;
  std::string job_id;
  const char* outcome = "failed";
  std::string message;
};

/// `ended`: targets whose runs have just done so; none of a job that never had any.
void WriteStatistics(pqxx::transaction_base& transaction, const Failing& what,
                     std::span<const std::int64_t> ended) {
  Exec(transaction, kStatistics, what.dataset_transform_id, what.job_id, IdArray(ended),
       what.outcome, what.message);
}

/// Ends the run of a target that is locked, unless it is over, and writes down how far it came.
bool EndRun(pqxx::transaction_base& transaction, const Failing& what, std::int64_t target) {
  const pqxx::result ended =
      Exec(transaction, kFailedRun, what.job_id, what.outcome, what.message, target);
  if (ended.empty()) return false;
  // Of a run that never looked at its target nothing is known that was not known before.
  const std::optional<RunTotals> totals = ReadTotals(transaction, target, what.job_id);
  if (totals && IsTrue(ended[0][0])) {
    Exec(transaction, kReached, target, totals->total, totals->done, totals->failed);
  }
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

/// Nothing when no run of the job was ever made, or none is left.
std::optional<JobEnd> FindEndOfJob(pqxx::transaction_base& transaction, const std::string& job_id) {
  const auto row = Exec(transaction, kEndOfJob, job_id).at(0);
  if (row[0].is_null()) return std::nullopt;
  return JobEnd{.over = IsTrue(row[0]), .failure = Text(row[1])};
}

}  // namespace

JobEnd EndOfJob(pqxx::transaction_base& transaction, const std::string& job_id) {
  return FindEndOfJob(transaction, job_id).value_or(JobEnd{.over = true, .failure = {}});
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
    Failing what{.dataset_transform_id = target.dataset_transform_id,
                 .job_id = target.job_id,
                 .message = RangesGivenUp(pieces.dead)};
    if (pieces.waiting == 0) {
      LockRunEnds(transaction, target.dataset_transform_id);
      const bool complete = pieces.dead == 0;
      const bool ended =
          complete ? !Exec(transaction, kComplete, target.embedded_dataset_id, target.job_id,
                           target.dataset_id, static_cast<std::int64_t>(dimensions))
                          .empty()
                   : EndRun(transaction, what, target.embedded_dataset_id);
      if (ended) WriteStatistics(transaction, what, {&target.embedded_dataset_id, 1});
      if (complete) {
        Exec(transaction, kForget, target.embedded_dataset_id,
             static_cast<std::int64_t>(retention.count()));
        Exec(transaction, kForgetFailures, target.dataset_transform_id);
      }
    }
    Exec(transaction, "DELETE FROM dataset_transform_leases WHERE token = $1::bigint",
         target.token);
    JobEnd job = EndOfJob(transaction, target.job_id);
    transaction.commit();
    return RunEnd{.complete = pieces.waiting == 0,
                  .job = std::move(job),
                  .dead_ranges = pieces.dead,
                  .reached = std::nullopt};
  });
}

Result<RunTotals> TotalsOf(Database& database, const ClaimedTarget& target) {
  return database.Run([&](Session& session) -> Result<RunTotals> {
    pqxx::nontransaction transaction(session.connection);
    const std::optional<RunTotals> totals =
        ReadTotals(transaction, target.embedded_dataset_id, target.job_id);
    if (!totals) return Fail(Lost(transaction, target));
    return *totals;
  });
}

Result<RunEnd> EndFailed(Database& database, const Job& job, const Error& error) {
  const Failing what{.dataset_transform_id = job.dataset_transform_id,
                     .job_id = DatabaseText(job.job_id),
                     .outcome = error.code == Code::kWithdrawn ? "stopped" : "failed",
                     .message = DatabaseText(Redact(error.message))};
  const std::int64_t of_range = job.range ? job.embedded_dataset_id.value_or(0) : std::int64_t{0};
  return database.Run([&](Session& session) -> Result<RunEnd> {
    pqxx::work transaction(session.connection);
    Exec(transaction, kMakeTargets, what.job_id);
    const pqxx::result targets = Exec(transaction, kLockTargets, what.job_id, of_range);
    if (job.range) {
      Exec(transaction,
           "UPDATE dataset_transform_ranges p SET state = 'dead', error = $4 "
           "WHERE embedded_dataset_id = $1::bigint AND job_id = $2 AND number = $3::integer "
           "  AND state <> 'done' AND NOT EXISTS ("
           "    SELECT FROM dataset_transform_runs r WHERE r.job_id = p.job_id "
           "      AND r.embedded_dataset_id = p.embedded_dataset_id AND r.outcome = 'success')",
           of_range, what.job_id, job.range->number, what.message);
    }
    RunEnd end{.complete = true, .job = {}, .dead_ranges = 0, .reached = std::nullopt};
    std::vector<std::int64_t> over;
    for (const auto& row : targets) {
      const Pieces pieces = PiecesOf(transaction, Int64(row[0]), what.job_id);
      end.dead_ranges += pieces.dead;
      // They are no part of what ends here, and go on.
      if (pieces.waiting > 0) {
        end.complete = false;
      } else {
        over.push_back(Int64(row[0]));
      }
    }
    if (!over.empty() || targets.empty()) LockRunEnds(transaction, what.dataset_transform_id);
    std::erase_if(over, [&](std::int64_t target) { return !EndRun(transaction, what, target); });
    const std::optional<JobEnd> runs = FindEndOfJob(transaction, what.job_id);
    if (!over.empty() || !runs) WriteStatistics(transaction, what, over);
    end.job = runs.value_or(JobEnd{.over = true, .failure = what.message});
    end.reached = ReadReached(transaction, of_range, what.job_id);
    transaction.commit();
    return end;
  });
}

}  // namespace dsw
