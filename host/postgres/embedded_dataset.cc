// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/embedded_dataset.h"

namespace dsw {

EmbeddedDataset EnsureEmbeddedDataset(pqxx::transaction_base& transaction,
                                      std::int64_t dataset_transform_id, std::int64_t embedder_id,
                                      const std::optional<std::string>& collection) {
  const auto find = [&] {
    return Exec(transaction,
                "SELECT embedded_dataset_id, collection_name FROM embedded_datasets "
                "WHERE dataset_transform_id = $1::bigint AND embedder_id = $2::bigint "
                "ORDER BY embedded_dataset_id LIMIT 1",
                dataset_transform_id, embedder_id);
  };
  pqxx::result found = find();
  if (found.empty()) {
    // Without a target, as the unique constraint is a partial index in some versions.
    Exec(transaction,
         "INSERT INTO embedded_datasets (embedded_dataset_id, title, dataset_transform_id, "
         "  source_dataset_id, embedder_id, owner_id, owner_display_name, collection_name) "
         "SELECT n.id, t.title || ' - ' || e.name, t.dataset_transform_id, t.source_dataset_id, "
         "  e.embedder_id, t.owner_id, t.owner_display_name, "
         "  coalesce($3, nullif(e.collection_name, ''), "
         "           'embedded-dataset-' || n.id || '-' || t.owner_id) "
         "FROM dataset_transforms t, embedders e, "
         "  (SELECT nextval(pg_get_serial_sequence('embedded_datasets', 'embedded_dataset_id')) "
         "   AS id) n "
         "WHERE t.dataset_transform_id = $1::bigint AND e.embedder_id = $2::bigint "
         "ON CONFLICT DO NOTHING",
         dataset_transform_id, embedder_id, collection ? collection->c_str() : nullptr);
    found = find();
  }
  return {.embedded_dataset_id = Int64(found.at(0)[0]), .collection = Text(found.at(0)[1])};
}

}  // namespace dsw
