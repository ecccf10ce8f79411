// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/import_rows.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "host/postgres/embedded_dataset.h"

namespace dsw {
namespace {

using nlohmann::json;

Result<std::string> EmbedderConfigJson(const ImportTarget& target) {
  json config = json::parse(target.config_json, nullptr, false);
  if (!config.is_object()) {
    return Fail(Code::kInvalid, "the provider settings (--config) are not a JSON object");
  }
  if (!target.model.empty()) config["model"] = target.model;
  return config.dump();
}

std::int64_t EnsureDataset(pqxx::transaction_base& transaction, const ImportTarget& target) {
  const pqxx::result found = Exec(transaction,
                                  "SELECT dataset_id FROM datasets WHERE owner_id = $1 AND "
                                  "title = $2 ORDER BY dataset_id LIMIT 1",
                                  target.owner, target.dataset_title);
  if (!found.empty()) return Int64(found[0][0]);
  return Int64(Exec(transaction,
                    "INSERT INTO datasets (title, owner_id, owner_display_name) "
                    "VALUES ($2, $1, $1) RETURNING dataset_id",
                    target.owner, target.dataset_title)[0][0]);
}

std::int64_t EnsureEmbedder(pqxx::transaction_base& transaction, const ImportTarget& target,
                            const std::string& config) {
  const std::string batch_size = std::to_string(target.batch_size.value_or(0));
  const char* const given_batch_size = target.batch_size ? batch_size.c_str() : nullptr;
  const char* const given_key = target.api_key.empty() ? nullptr : target.api_key.c_str();
  const pqxx::result found =
      Exec(transaction,
           "UPDATE embedders SET batch_size = coalesce($5::integer, batch_size), "
           "  api_key_encrypted = coalesce($6, api_key_encrypted), updated_at = now() "
           "WHERE embedder_id = (SELECT embedder_id FROM embedders WHERE owner_id = $1 "
           "  AND provider = $2 AND base_url = $3 AND config = $4::jsonb "
           "  ORDER BY embedder_id LIMIT 1) "
           "RETURNING embedder_id",
           target.owner, target.provider, target.base_url, config, given_batch_size, given_key);
  if (!found.empty()) return Int64(found[0][0]);
  // 0 leaves the batch size to the worker and the token limit to the model. Longer texts are cut
  // rather than refused.
  const std::string name =
      target.model.empty() ? target.provider : target.provider + ":" + target.model;
  return Int64(
      Exec(transaction,
           "INSERT INTO embedders (name, owner_id, owner_display_name, provider, base_url, "
           "  config, batch_size, api_key_encrypted, max_input_tokens, truncate_strategy) "
           "VALUES ($7, $1, $1, $2, $3, $4::jsonb, coalesce($5::integer, 0), $6, 0, 'END') "
           "RETURNING embedder_id",
           target.owner, target.provider, target.base_url, config, given_batch_size, given_key,
           name)[0][0]);
}

std::int64_t EnsureTransform(pqxx::transaction_base& transaction, const ImportTarget& target,
                             std::int64_t dataset_id, std::int64_t embedder_id) {
  const pqxx::result found =
      Exec(transaction,
           "SELECT dataset_transform_id FROM dataset_transforms "
           "WHERE owner_id = $1 AND source_dataset_id = $2::bigint "
           "  AND $3::integer = ANY (embedder_ids) "
           "ORDER BY is_enabled DESC, cardinality(embedder_ids), dataset_transform_id LIMIT 1",
           target.owner, dataset_id, embedder_id);
  if (!found.empty()) return Int64(found[0][0]);
  return Int64(Exec(transaction,
                    "INSERT INTO dataset_transforms "
                    "  (title, source_dataset_id, embedder_ids, owner_id, owner_display_name) "
                    "VALUES ($4, $2::bigint, ARRAY[$3::integer], $1, $1) "
                    "RETURNING dataset_transform_id",
                    target.owner, dataset_id, embedder_id, target.dataset_title)[0][0]);
}

}  // namespace

Status EnsureImportRows(pqxx::transaction_base& transaction, const ImportTarget& target,
                        ImportReport& report) {
  ASSIGN_OR_RETURN(const std::string config, EmbedderConfigJson(target));
  Exec(transaction, "SELECT pg_advisory_xact_lock(hashtextextended('dsw_import', 0))");
  report.dataset_id = EnsureDataset(transaction, target);
  const std::int64_t embedder_id = EnsureEmbedder(transaction, target, config);
  report.dataset_transform_id =
      EnsureTransform(transaction, target, report.dataset_id, embedder_id);
  const EmbeddedDataset row = EnsureEmbeddedDataset(transaction, report.dataset_transform_id,
                                                    embedder_id, target.collection);
  if (target.collection && *target.collection != row.collection) {
    return Fail(
        Code::kConflict,
        fmt::format("dataset \"{}\" is embedded into collection \"{}\" already, not \"{}\"; "
                    "leave the collection out, or import into another dataset",
                    target.dataset_title, row.collection, *target.collection));
  }
  report.embedded_dataset_ids = {row.embedded_dataset_id};
  return {};
}

}  // namespace dsw
