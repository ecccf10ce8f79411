// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/expected_points.h"

#include <charconv>
#include <memory>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "host/postgres/pending_items.h"
#include "host/postgres/session.h"

namespace dsw {
namespace {

/// The items of a page: as many as have some thousand chunks together, and at least one. Items that
/// have none are passed over. And the generation whose records are valid.
constexpr char kItems[] = R"sql(
SELECT count(*), max(item_id),
       coalesce((SELECT generation FROM dataset_transform_targets
                 WHERE embedded_dataset_id = $3::bigint), 0)
FROM (
  SELECT item_id, sum(chunk_count) OVER (ORDER BY item_id) - chunk_count AS before
  FROM (SELECT item_id, chunk_count FROM dataset_item_contents
        WHERE dataset_id = $1::bigint AND item_id > $2::bigint AND chunk_count > 0
        ORDER BY item_id LIMIT 1000) next
) page WHERE before < 5000
)sql";

/// Hashes are those of UTF-8, whatever the encoding of the database.
std::string ChunksSql() {
  return fmt::format(
      "SELECT d.item_id, (e.ordinality - 1)::integer, "
      "  left(md5(convert_to(coalesce({}, ''), 'UTF8')), 16), "
      "  CASE WHEN NOT d.done @> (e.ordinality - 1)::integer THEN 'p' "
      "       WHEN f.item_id IS NOT NULL THEN 'f' ELSE 'e' END "
      "FROM dsw_items($2::bigint::integer, $1::bigint::integer, $3::bigint::integer, "
      "  $4::bigint, $5::bigint) d "
      "JOIN dataset_items i ON i.item_id = d.item_id AND i.dataset_id = $1::bigint "
      "CROSS JOIN LATERAL jsonb_array_elements("
      "  CASE jsonb_typeof(i.chunks) WHEN 'array' THEN i.chunks ELSE '[]' END) "
      "  WITH ORDINALITY e "
      "LEFT JOIN dataset_transform_failed_chunks f ON f.embedded_dataset_id = $2::bigint "
      "  AND f.item_id = d.item_id AND f.chunk_index = e.ordinality - 1 "
      "ORDER BY d.item_id, e.ordinality",
      kChunkText);
}

constexpr char kCollection[] = R"sql(
SELECT (SELECT coalesce(sum(chunk_count), 0)::bigint FROM dataset_item_contents
        WHERE dataset_id = $1::bigint),
       EXISTS (SELECT FROM embedded_datasets
               WHERE collection_name = $3 AND embedded_dataset_id <> $2::bigint)
)sql";

/// As a claim of now would have it, but for its number within a millisecond.
constexpr char kLastToken[] = R"sql(
SELECT greatest(max(last_token), (extract(epoch FROM clock_timestamp()) * 1000)::bigint * 1024)
FROM dataset_transform_targets
)sql";

constexpr char kSkip[] = R"sql(
UPDATE dataset_transform_targets SET last_token = $1::bigint WHERE last_token < $1::bigint
)sql";

ChunkState StateOf(std::string_view letter) {
  if (letter == "e") return ChunkState::kEmbedded;
  return letter == "f" ? ChunkState::kFailed : ChunkState::kPending;
}

std::uint64_t FromHex(std::string_view digits) {
  std::uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  return number;
}

}  // namespace

Result<std::vector<ExpectedChunk>> PostgresExpectedCursor::NextPage() {
  static const std::string chunks_sql = ChunksSql();
  std::vector<ExpectedChunk> chunks;
  // A page may turn out to be empty, when its items are deleted in between.
  while (chunks.empty()) {
    ASSIGN_OR_RETURN(
        const bool any,
        database_.Run(Database::Patience::kLong, [&](Session& session) -> Result<bool> {
          chunks.clear();
          pqxx::work transaction(session.connection);
          BeginReading(transaction);
          const auto page =
              Exec(transaction, kItems, dataset_id_, last_item_id_, embedded_dataset_id_).at(0);
          if (Int64(page[0]) == 0) return false;
          const std::int64_t last_item = Int64(page[1]);
          const pqxx::result rows =
              Exec(transaction, chunks_sql.c_str(), dataset_id_, embedded_dataset_id_,
                   Int64(page[2]), last_item_id_ + 1, last_item);
          transaction.commit();
          chunks.reserve(static_cast<std::size_t>(rows.size()));
          for (const auto& row : rows) {
            chunks.push_back({.position = {.item_id = Int64(row[0]), .index = Int32(row[1])},
                              .text_hash = FromHex(View(row[2])),
                              .state = StateOf(View(row[3]))});
          }
          last_item_id_ = last_item;
          return true;
        }));
    if (!any) return chunks;
  }
  return chunks;
}

Result<ExpectedPoints> OpenExpected(Database& database, const Plan& plan, const Target& target) {
  return database.Run(Database::Patience::kLong, [&](Session& session) -> Result<ExpectedPoints> {
    pqxx::nontransaction transaction(session.connection);
    const auto row = Exec(transaction, kCollection, plan.dataset_id, target.embedded_dataset_id,
                          target.collection)
                         .at(0);
    ExpectedPoints expected;
    expected.chunks = Int64(row[0]);
    expected.shared = IsTrue(row[1]);
    expected.cursor = std::make_unique<PostgresExpectedCursor>(database, plan.dataset_id,
                                                               target.embedded_dataset_id);
    return expected;
  });
}

Result<std::int64_t> LastToken(Database& database) {
  return database.Run([&](Session& session) -> Result<std::int64_t> {
    pqxx::nontransaction transaction(session.connection);
    return Int64(Exec(transaction, kLastToken).at(0)[0]);
  });
}

Status SkipTokens(Database& database, std::int64_t token) {
  return database.Run([&](Session& session) -> Status {
    pqxx::nontransaction transaction(session.connection);
    Exec(transaction, kSkip, token);
    return {};
  });
}

}  // namespace dsw
