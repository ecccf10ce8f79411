// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/due_transforms.h"

#include <set>

#include "host/postgres/item_contents.h"
#include "host/postgres/session.h"

namespace dsw {
namespace {

constexpr char kIdle[] = R"sql(
SELECT t.dataset_transform_id, t.source_dataset_id
FROM dataset_transforms t
WHERE t.is_enabled
  AND EXISTS (SELECT FROM datasets d WHERE d.dataset_id = t.source_dataset_id)
  AND NOT EXISTS (
    SELECT FROM embedded_datasets e JOIN dataset_transform_leases l USING (embedded_dataset_id)
    WHERE e.dataset_transform_id = t.dataset_transform_id AND l.expires_at > clock_timestamp())
  AND NOT EXISTS (
    SELECT FROM embedded_datasets e JOIN dataset_transform_runs r USING (embedded_dataset_id)
    WHERE e.dataset_transform_id = t.dataset_transform_id AND r.outcome IS NULL
      AND (r.started_at > clock_timestamp() - interval '1 hour'
           OR EXISTS (SELECT FROM dataset_transform_batches b
                      WHERE b.embedded_dataset_id = r.embedded_dataset_id AND b.job_id = r.job_id
                        AND b.created_at > clock_timestamp() - interval '1 hour')))
ORDER BY 1
)sql";

/// A row when anything is to be done. An embedder without an embedded dataset has everything
/// pending. Whatever order rows are read in, the state is the same.
constexpr char kState[] = R"sql(
WITH targets AS (
  SELECT w.embedder_id, e.embedded_dataset_id, coalesce(t.generation, 0) AS generation
  FROM (SELECT DISTINCT unnest(embedder_ids) AS embedder_id
        FROM dataset_transforms WHERE dataset_transform_id = $1::bigint) w
  LEFT JOIN LATERAL (
    SELECT min(embedded_dataset_id) AS embedded_dataset_id FROM embedded_datasets
    WHERE dataset_transform_id = $1::bigint AND embedder_id = w.embedder_id) e ON true
  LEFT JOIN dataset_transform_targets t ON t.embedded_dataset_id = e.embedded_dataset_id
  WHERE w.embedder_id IS NOT NULL
), work AS (
  SELECT g.*, i.*,
         (SELECT count(*) FROM dataset_transform_items p
          WHERE p.embedded_dataset_id = g.embedded_dataset_id
            AND NOT EXISTS (SELECT FROM dataset_item_contents c
                            WHERE c.dataset_id = $2::bigint AND c.item_id = p.item_id)) AS gone
  FROM targets g, LATERAL (
    SELECT count(*) FILTER (WHERE pending) AS pending,
           count(*) FILTER (WHERE stored_count > chunk_count) AS shrunk,
           bit_xor(hashtextextended(concat_ws('/', item_id, content_hash, done::text), 0))
             FILTER (WHERE pending) AS what
    FROM dsw_items(g.embedded_dataset_id, $2::bigint::integer, g.generation, 0,
                   9223372036854775807)) i
)
SELECT md5(concat_ws('/', d.updated_at,
                     (SELECT max(item_id) FROM dataset_items WHERE dataset_id = $2::bigint),
                     (SELECT max(r.ended_at) FROM dataset_transform_runs r
                      JOIN targets USING (embedded_dataset_id) WHERE r.outcome = 'success'),
                     string_agg(to_jsonb(w)::text, '/' ORDER BY w.embedder_id)))
FROM work w, datasets d
WHERE d.dataset_id = $2::bigint
GROUP BY d.dataset_id
HAVING bool_or(w.pending > 0 OR w.shrunk > 0 OR w.gone > 0)
)sql";

struct Idle {
  std::int64_t dataset_transform_id = 0;
  std::int64_t dataset_id = 0;
};

Result<std::vector<Idle>> FindIdle(Database& database) {
  return database.Run([&](Session& session) -> Result<std::vector<Idle>> {
    pqxx::nontransaction transaction(session.connection);
    std::vector<Idle> idle;
    for (const auto& row : Exec(transaction, kIdle)) {
      idle.push_back({.dataset_transform_id = Int64(row[0]), .dataset_id = Int64(row[1])});
    }
    return idle;
  });
}

}  // namespace

Result<std::vector<DueTransform>> FindDueTransforms(Database& database) {
  ASSIGN_OR_RETURN(const std::vector<Idle> idle, FindIdle(database));
  std::set<std::int64_t> known;
  std::vector<DueTransform> due;
  for (const Idle& transform : idle) {
    if (known.insert(transform.dataset_id).second) {
      RETURN_IF_ERROR(CatchUpContents(database, transform.dataset_id));
    }
    RETURN_IF_ERROR(database.Run(Database::Patience::kLong, [&](Session& session) -> Status {
      pqxx::work transaction(session.connection);
      BeginLong(transaction);
      const pqxx::result rows =
          Exec(transaction, kState, transform.dataset_transform_id, transform.dataset_id);
      transaction.commit();
      if (!rows.empty()) due.push_back({transform.dataset_transform_id, Text(rows[0][0])});
      return {};
    }));
  }
  return due;
}

}  // namespace dsw
