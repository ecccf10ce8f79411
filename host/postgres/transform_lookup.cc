// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/transform_lookup.h"

#include <fmt/format.h>

#include "host/postgres/session.h"

namespace dsw {
namespace {

Error NoSuchTransform(pqxx::transaction_base& transaction, std::int64_t id) {
  const pqxx::result rows = Exec(transaction,
                                 "SELECT dataset_transform_id, title FROM dataset_transforms "
                                 "ORDER BY dataset_transform_id DESC LIMIT 10");
  std::string known;
  for (const auto& row : rows) {
    known += fmt::format("{}{} ({})", known.empty() ? "" : ", ", Text(row[0]), Text(row[1]));
  }
  return {.code = Code::kNotFound,
          .message = fmt::format("transform {} does not exist; {}", id,
                                 known.empty() ? "there is none: run `worker-datasets import` first"
                                               : "the newest are " + known)};
}

}  // namespace

Result<TransformInfo> FindTransform(Database& database, std::int64_t dataset_transform_id) {
  return database.Run([&](Session& session) -> Result<TransformInfo> {
    pqxx::work transaction(session.connection);
    const pqxx::result rows =
        Exec(transaction,
             "SELECT t.title, t.owner_id, t.source_dataset_id, d.total_chunks, t.is_enabled "
             "FROM dataset_transforms t JOIN datasets d ON d.dataset_id = t.source_dataset_id "
             "WHERE t.dataset_transform_id = $1::bigint",
             dataset_transform_id);
    if (rows.empty()) return Fail(NoSuchTransform(transaction, dataset_transform_id));
    TransformInfo info{.dataset_transform_id = dataset_transform_id,
                       .title = Text(rows[0][0]),
                       .owner_id = Text(rows[0][1]),
                       .dataset_id = Int64(rows[0][2]),
                       .total_chunks = Int64(rows[0][3]),
                       .enabled = IsTrue(rows[0][4]),
                       .embedded = {}};
    const pqxx::result embedded =
        Exec(transaction,
             "SELECT embedded_dataset_id, embedder_id, collection_name FROM embedded_datasets "
             "WHERE dataset_transform_id = $1::bigint ORDER BY embedded_dataset_id",
             dataset_transform_id);
    for (const auto& row : embedded) {
      info.embedded.push_back({.embedded_dataset_id = Int64(row[0]),
                               .embedder_id = Int64(row[1]),
                               .collection = Text(row[2])});
    }
    return info;
  });
}

}  // namespace dsw
