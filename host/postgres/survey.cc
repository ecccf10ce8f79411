// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/survey.h"

#include <fmt/format.h>

#include "host/postgres/item_contents.h"
#include "host/postgres/job_failures.h"
#include "host/postgres/session.h"

namespace dsw {
namespace {

constexpr char kRecord[] = R"sql(
SELECT t.generation, t.maker, t.previous_maker, r.generation,
       EXISTS (SELECT FROM dataset_transform_items p
               WHERE p.embedded_dataset_id = t.embedded_dataset_id
                 AND p.generation = t.generation
                 AND (SELECT coalesce(sum(upper(r) - lower(r)), 0) FROM unnest(p.done) r) >
                     (SELECT count(*) FROM dataset_transform_failed_chunks f
                      WHERE f.embedded_dataset_id = p.embedded_dataset_id
                        AND f.item_id = p.item_id))
FROM dataset_transform_targets t
JOIN dataset_transform_runs r USING (embedded_dataset_id)
WHERE t.embedded_dataset_id = $1::bigint AND r.job_id = $2
)sql";

constexpr char kOthers[] = R"sql(
SELECT e.embedded_dataset_id
FROM embedded_datasets e JOIN dataset_transform_targets t USING (embedded_dataset_id)
WHERE e.collection_name = $1 AND e.embedded_dataset_id <> $2::bigint
  AND $3 IN (t.maker, t.previous_maker)
ORDER BY 1 LIMIT 1
)sql";

constexpr char kLockShared[] = R"sql(
SELECT FROM dataset_transform_targets t
WHERE embedded_dataset_id IN (SELECT embedded_dataset_id FROM embedded_datasets
                              WHERE collection_name = $1)
ORDER BY embedded_dataset_id FOR UPDATE
)sql";

/// An empty collection has lost the points of every target that has recorded any there.
constexpr char kVoid[] = R"sql(
UPDATE dataset_transform_targets t SET generation = generation + 1
FROM embedded_datasets e
WHERE e.embedded_dataset_id = t.embedded_dataset_id AND e.collection_name = $1
  AND t.embedded_dataset_id <> $2::bigint
  AND EXISTS (SELECT FROM dataset_transform_items p
              WHERE p.embedded_dataset_id = t.embedded_dataset_id
                AND p.generation = t.generation)
)sql";

constexpr char kBegin[] = R"sql(
WITH run AS (
  UPDATE dataset_transform_runs r
  SET generation = coalesce(r.generation, $3::bigint::integer),
      source_version = CASE WHEN r.generation IS NULL THEN d.updated_at ELSE r.source_version END,
      last_item_id = CASE WHEN r.generation IS NULL
                          THEN (SELECT max(i.item_id) FROM dataset_items i
                                WHERE i.dataset_id = d.dataset_id)
                          ELSE r.last_item_id END
  FROM datasets d
  WHERE r.embedded_dataset_id = $1::bigint AND r.job_id = $2 AND d.dataset_id = $4::bigint
)
UPDATE dataset_transform_targets
SET generation = $3::bigint, maker = $5, previous_maker = $6
WHERE embedded_dataset_id = $1::bigint
)sql";

/// Total, chunks that need no embedding, items with pending chunks, and whether there may be points
/// of items that shrank or are gone: then there are more records than items that have one, which a
/// count along the key tells sooner than looking for each record's item.
constexpr char kPending[] = R"sql(
SELECT coalesce(sum(chunk_count), 0)::bigint,
       coalesce(sum(CASE WHEN NOT pending THEN chunk_count
                         ELSE (SELECT coalesce(sum(upper(r) - lower(r)), 0)
                               FROM unnest(done * int4multirange(int4range(0, chunk_count))) r)
                    END), 0)::bigint,
       min(item_id) FILTER (WHERE pending), max(item_id) FILTER (WHERE pending),
       coalesce(bool_or(stored_count > chunk_count), false)
       OR (SELECT count(*) FROM dataset_transform_items
           WHERE embedded_dataset_id = $1::bigint AND item_id BETWEEN $4::bigint AND $5::bigint)
          > count(*) FILTER (WHERE stored_count > 0)
FROM dsw_items($1::bigint::integer, $2::bigint::integer, $3::bigint::integer, $4::bigint,
               $5::bigint)
)sql";

/// Enough to have a million items in memory. More, where the server gives more anyway.
constexpr char kRoom[] = R"sql(
SELECT set_config('work_mem',
                  greatest(pg_size_bytes(current_setting('work_mem')), 32 << 20) / 1024 || 'kB', true)
)sql";

constexpr char kFailed[] = R"sql(
SELECT count(*) FROM dataset_transform_failed_chunks f
JOIN dataset_item_contents c ON c.dataset_id = $2::bigint AND c.item_id = f.item_id
JOIN dataset_transform_items p
  ON p.embedded_dataset_id = f.embedded_dataset_id AND p.item_id = f.item_id
WHERE f.embedded_dataset_id = $1::bigint AND p.generation = $3::bigint
  AND p.content_hash = c.content_hash AND p.done @> f.chunk_index
)sql";

Status CheckCollection(pqxx::transaction_base& transaction, const ClaimedTarget& target,
                       const TargetRecord& record, const Surroundings& surroundings) {
  const std::string& found = surroundings.collection_maker;
  if (surroundings.collection_empty || found.empty() || found == surroundings.maker) return {};
  const pqxx::result others =
      Exec(transaction, kOthers, target.collection, target.embedded_dataset_id, found);
  const bool own = found == record.maker || found == record.previous_maker;
  if (own && others.empty()) return {};
  return Fail(
      Code::kConflict,
      fmt::format("collection {} holds vectors{} made by {}, and this embedder makes them "
                  "by {}; they cannot be compared: give the embedder a collection of its "
                  "own (collection_name), or delete the collection",
                  target.collection,
                  others.empty() ? std::string()
                                 : fmt::format(" of embedded dataset {},", Int64(others[0][0])),
                  found, surroundings.maker));
}

Result<Survey> Begin(Database& database, const ClaimedTarget& target,
                     const Surroundings& surroundings) {
  return database.Run([&](Session& session) -> Result<Survey> {
    pqxx::work transaction(session.connection);
    if (surroundings.collection_empty) Exec(transaction, kLockShared, target.collection);
    RETURN_IF_ERROR(LockTarget(transaction, target));
    RETURN_IF_ERROR(Hold(transaction, target));
    const auto row = Exec(transaction, kRecord, target.embedded_dataset_id, target.job_id).at(0);
    TargetRecord record{.generation = Int64(row[0]),
                        .maker = Text(row[1]),
                        .previous_maker = Text(row[2]),
                        .recorded = IsTrue(row[4]),
                        .run_generation = std::nullopt};
    if (!row[3].is_null()) record.run_generation = Int64(row[3]);
    RETURN_IF_ERROR(CheckCollection(transaction, target, record, surroundings));
    if (!target.whole() && record.maker != surroundings.maker) {
      return Fail(Code::kWithdrawn,
                  "the embedder was changed after the job had begun; a new job embeds it all");
    }
    if (surroundings.collection_empty) {
      Exec(transaction, kVoid, target.collection, target.embedded_dataset_id);
      if (!target.whole() && record.recorded) {
        Exec(transaction,
             "UPDATE dataset_transform_targets SET generation = generation + 1 "
             "WHERE embedded_dataset_id = $1::bigint",
             target.embedded_dataset_id);
        transaction.commit();
        return Fail(Code::kWithdrawn,
                    fmt::format("collection {} was emptied or dropped after the job had begun; a "
                                "new job embeds it all",
                                target.collection));
      }
    }
    RestartPatience(transaction,
                    FailureKey(target.job_id, target.embedded_dataset_id, target.range));
    Validity validity = CheckRecords(record, surroundings, target.mode, target.whole());
    Exec(transaction, kBegin, target.embedded_dataset_id, target.job_id, validity.generation,
         target.dataset_id, surroundings.maker, validity.previous_maker);
    transaction.commit();
    Survey survey;
    survey.generation = validity.generation;
    survey.start_over = std::move(validity.start_over);
    survey.must_mark = surroundings.collection_maker != surroundings.maker;
    return survey;
  });
}

/// Fills in what is pending, and the run's totals as they were when it began.
Status Count(Database& database, const ClaimedTarget& target, Survey& survey) {
  return database.Run(Database::Patience::kLong, [&](Session& session) -> Status {
    pqxx::work transaction(session.connection);
    BeginLong(transaction);
    Exec(transaction, kRoom);
    const auto row = Exec(transaction, kPending, target.embedded_dataset_id, target.dataset_id,
                          survey.generation, target.span.first, target.span.last)
                         .at(0);
    const std::int64_t total = Int64(row[0]);
    const std::int64_t done = Int64(row[1]);
    survey.pending = total - done;
    if (!row[2].is_null()) survey.pending_items = {Int64(row[2]), Int64(row[3])};
    survey.stale = IsTrue(row[4]);
    if (target.whole()) {
      const std::int64_t failed = Int64(Exec(transaction, kFailed, target.embedded_dataset_id,
                                             target.dataset_id, survey.generation)
                                            .at(0)[0]);
      // Once, so that progress never runs backwards; the batches of the run are added to it.
      Exec(transaction,
           "UPDATE dataset_transform_runs SET chunks_total = $3::bigint, "
           "  chunks_done = $4::bigint - $5::bigint, chunks_failed = $5::bigint "
           "WHERE embedded_dataset_id = $1::bigint AND job_id = $2 AND chunks_total IS NULL",
           target.embedded_dataset_id, target.job_id, total, done, failed);
    }
    transaction.commit();
    return {};
  });
}

}  // namespace

Validity CheckRecords(const TargetRecord& record, const Surroundings& surroundings, Mode mode,
                      bool whole) {
  Validity validity{
      .generation = record.generation, .previous_maker = record.previous_maker, .start_over = {}};
  if (!whole) return validity;
  const bool changed = !record.maker.empty() && record.maker != surroundings.maker;
  if (changed) {
    validity.start_over = fmt::format("vectors are made in another way now: {}, before {}",
                                      surroundings.maker, record.maker);
    if (validity.previous_maker.empty()) validity.previous_maker = record.maker;
  } else if (surroundings.collection_empty && record.recorded) {
    validity.start_over = "the collection is empty";
  } else if (mode == Mode::kFull && !record.run_generation) {
    validity.start_over = "the job asks for all";
  }
  if (!validity.start_over.empty()) ++validity.generation;
  return validity;
}

Result<Survey> LookAtTarget(Database& database, const ClaimedTarget& target,
                            const Surroundings& surroundings) {
  RETURN_IF_ERROR(CatchUpContents(database, target.dataset_id));
  ASSIGN_OR_RETURN(Survey survey, Begin(database, target, surroundings));
  RETURN_IF_ERROR(Count(database, target, survey));
  return survey;
}

}  // namespace dsw
