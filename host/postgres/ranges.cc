// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/ranges.h"

#include "host/postgres/session.h"

namespace dsw {
namespace {

/// Each range ends where the next begins, and the first and the last reach to the ends of all ids,
/// so that items that come or go in between belong to one of them.
constexpr char kSplit[] = R"sql(
WITH pending AS (
  SELECT item_id, (sum(chunk_count) OVER (ORDER BY item_id) - 1) / $4::bigint AS share
  FROM dsw_items($1::bigint::integer, $3::bigint::integer, $5::bigint::integer, 0,
                 9223372036854775807)
  WHERE pending
), pieces AS (
  SELECT row_number() OVER (ORDER BY share) - 1 AS number, max(item_id) AS last
  FROM pending GROUP BY share
)
INSERT INTO dataset_transform_ranges (embedded_dataset_id, job_id, number, first_item, last_item)
SELECT $1::bigint, $2, number, coalesce(lag(last) OVER (ORDER BY number) + 1, 0),
       CASE WHEN number = max(number) OVER () THEN 9223372036854775807 ELSE last END
FROM pieces
ON CONFLICT DO NOTHING
)sql";

constexpr char kRanges[] = R"sql(
SELECT number, first_item, last_item FROM dataset_transform_ranges
WHERE embedded_dataset_id = $1::bigint AND job_id = $2 ORDER BY number
)sql";

JobRange RangeOf(const pqxx::row& row) {
  return {.number = Int32(row[0]), .first_item = Int64(row[1]), .last_item = Int64(row[2])};
}

}  // namespace

Result<std::vector<JobRange>> SplitIntoRanges(Database& database, const ClaimedTarget& target,
                                              std::int64_t generation, std::int64_t most_chunks) {
  return database.Run(
      Database::Patience::kLong, [&](Session& session) -> Result<std::vector<JobRange>> {
        pqxx::work transaction(session.connection);
        BeginLong(transaction);
        RETURN_IF_ERROR(Hold(transaction, target));
        pqxx::result rows = Exec(transaction, kRanges, target.embedded_dataset_id, target.job_id);
        if (rows.empty()) {
          Exec(transaction, kSplit, target.embedded_dataset_id, target.job_id, target.dataset_id,
               most_chunks, generation);
          rows = Exec(transaction, kRanges, target.embedded_dataset_id, target.job_id);
        }
        transaction.commit();
        std::vector<JobRange> ranges;
        for (const auto& row : rows) ranges.push_back(RangeOf(row));
        return ranges;
      });
}

Result<std::optional<JobRange>> FindRange(Database& database, const Job& job, std::int32_t number) {
  const std::string job_id = DatabaseText(job.job_id);
  return database.Run([&](Session& session) -> Result<std::optional<JobRange>> {
    pqxx::nontransaction transaction(session.connection);
    const pqxx::result rows =
        Exec(transaction,
             "SELECT number, first_item, last_item FROM dataset_transform_ranges "
             "WHERE embedded_dataset_id = $1::bigint AND job_id = $2 AND number = $3::integer",
             job.embedded_dataset_id.value_or(0), job_id, number);
    if (rows.empty()) return std::optional<JobRange>();
    return std::optional<JobRange>(RangeOf(rows[0]));
  });
}

}  // namespace dsw
