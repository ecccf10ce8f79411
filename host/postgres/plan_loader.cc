// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/plan_loader.h"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "host/base/ascii.h"
#include "host/base/origin.h"
#include "host/postgres/embedded_dataset.h"
#include "host/postgres/session.h"

namespace dsw {
namespace {

using nlohmann::json;

Error NoSuchTransform(pqxx::transaction_base& transaction, std::int64_t id) {
  const pqxx::result rows = Exec(transaction,
                                 "SELECT dataset_transform_id, title FROM dataset_transforms "
                                 "ORDER BY dataset_transform_id DESC LIMIT 5");
  std::vector<std::string> newest;
  for (const auto& row : rows) {
    newest.push_back(fmt::format("{} ({})", View(row[0]), View(row[1])));
  }
  return {.code = Code::kNotFound,
          .message = fmt::format("transform {} does not exist; {}", id,
                                 newest.empty()
                                     ? std::string("there is none")
                                     : fmt::format("the newest are {}", fmt::join(newest, ", ")))};
}

/// Reads the transform into the plan; its embedders' ids, in their order, each once.
Result<std::vector<std::int64_t>> LoadTransform(pqxx::transaction_base& transaction, const Job& job,
                                                Plan& plan) {
  const std::int64_t id = job.dataset_transform_id;
  const pqxx::result rows = Exec(
      transaction,
      "SELECT t.title, t.source_dataset_id, t.owner_id, t.is_enabled, d.dataset_id IS NOT NULL "
      "FROM dataset_transforms t LEFT JOIN datasets d ON d.dataset_id = t.source_dataset_id "
      "WHERE t.dataset_transform_id = $1::bigint",
      id);
  if (rows.empty()) {
    Error missing = NoSuchTransform(transaction, id);
    // It was there when the job was first handed out, or cut into ranges.
    if (job.redelivered || job.range) missing.code = Code::kWithdrawn;
    return Fail(std::move(missing));
  }
  const auto row = rows[0];
  plan.title = Text(row[0]);
  plan.dataset_id = Int64(row[1]);
  plan.owner_id = job.owner_id.value_or(Text(row[2]));
  if (!IsTrue(row[3])) {
    return Fail(Code::kWithdrawn, fmt::format("transform {} ({}) is disabled; set is_enabled, then "
                                              "submit the job again",
                                              id, plan.title));
  }
  if (!IsTrue(row[4])) {
    return Fail(Code::kNotFound, fmt::format("dataset {} of transform {} ({}) does not exist; it "
                                             "may have been deleted",
                                             plan.dataset_id, id, plan.title));
  }
  if (job.dataset_id && *job.dataset_id != plan.dataset_id) {
    return Fail(Code::kInvalid,
                fmt::format("the job names dataset {}, but transform {} ({}) embeds dataset {}; "
                            "leave dataset_id out or correct it",
                            *job.dataset_id, id, plan.title, plan.dataset_id));
  }
  const pqxx::result ids = Exec(transaction,
                                "SELECT w.id FROM dataset_transforms t, unnest(t.embedder_ids) "
                                "WITH ORDINALITY w(id, position) "
                                "WHERE t.dataset_transform_id = $1::bigint AND w.id IS NOT NULL "
                                "GROUP BY w.id ORDER BY min(w.position)",
                                id);
  std::vector<std::int64_t> embedders;
  for (const auto& each : ids) embedders.push_back(Int64(each[0]));
  if (embedders.empty()) {
    return Fail(Code::kInvalid,
                fmt::format("transform {} ({}) has no embedder; add one to its embedder_ids", id,
                            plan.title));
  }
  return embedders;
}

/// The embedder of the embedded dataset that the job names.
Result<std::int64_t> SelectedEmbedder(pqxx::transaction_base& transaction, const Plan& plan,
                                      std::int64_t embedded_dataset_id,
                                      const std::vector<std::int64_t>& embedders) {
  const pqxx::result rows = Exec(transaction,
                                 "SELECT dataset_transform_id, embedder_id FROM embedded_datasets "
                                 "WHERE embedded_dataset_id = $1::bigint",
                                 embedded_dataset_id);
  if (rows.empty()) {
    return Fail(Code::kNotFound,
                fmt::format("embedded dataset {} does not exist; leave embedded_dataset_id out to "
                            "embed with all of the transform's embedders",
                            embedded_dataset_id));
  }
  const std::int64_t transform = Int64(rows[0][0]);
  const std::int64_t embedder = Int64(rows[0][1]);
  if (transform != plan.dataset_transform_id) {
    return Fail(Code::kInvalid,
                fmt::format("embedded dataset {} belongs to transform {}, not to transform {}",
                            embedded_dataset_id, transform, plan.dataset_transform_id));
  }
  if (std::find(embedders.begin(), embedders.end(), embedder) == embedders.end()) {
    return Fail(Code::kInvalid,
                fmt::format("embedder {} of embedded dataset {} is no longer one of transform {}'s "
                            "(it has {})",
                            embedder, embedded_dataset_id, transform, fmt::join(embedders, ", ")));
  }
  return embedder;
}

Truncate ParseTruncate(std::string_view strategy) {
  const std::string text = LowerCase(strategy);
  if (text == "start") return Truncate::kStart;
  if (text == "end") return Truncate::kEnd;
  return Truncate::kNone;
}

/// Sets the configuration and the model, which stands inside it.
Status ApplyConfig(std::string_view row_json, const EmbedderOverride* override,
                   EmbedderConfig& config) {
  json merged = json::parse(row_json, nullptr, false);
  if (!merged.is_object()) {
    return Fail(Code::kInvalid,
                fmt::format("config of embedder {} is not a JSON object", config.embedder_id));
  }
  if (override != nullptr && !override->config_json.empty()) {
    const json over = json::parse(override->config_json, nullptr, false);
    if (!over.is_object()) {
      return Fail(Code::kInvalid, "embedder_config.config of the job is not a JSON object");
    }
    merged.update(over);
  }
  const auto model = merged.find("model");
  if (model != merged.end()) {
    if (model->is_string()) config.model = model->get<std::string>();
    merged.erase(model);
  }
  if (override != nullptr && override->model) config.model = *override->model;
  config.config_json = merged.dump();
  return {};
}

std::int32_t FirstPositive(std::initializer_list<std::int32_t> values) {
  for (const std::int32_t value : values) {
    if (value > 0) return value;
  }
  return 1;
}

/// An empty address is the provider's default.
bool SameAddress(std::string_view a, std::string_view b) {
  return (a.empty() && b.empty()) || SameOrigin(a, b);
}

Result<EmbedderConfig> LoadEmbedder(pqxx::transaction_base& transaction, const Job& job,
                                    std::int64_t embedder_id, std::int32_t default_batch_size) {
  const pqxx::result rows =
      Exec(transaction,
           "SELECT provider, base_url, coalesce(api_key_encrypted, ''), config::text, batch_size, "
           "  max_input_tokens, truncate_strategy "
           "FROM embedders WHERE embedder_id = $1::bigint",
           embedder_id);
  if (rows.empty()) {
    return Fail(Code::kNotFound,
                fmt::format("embedder {} of transform {} does not exist; remove it from the "
                            "transform's embedder_ids or create it",
                            embedder_id, job.dataset_transform_id));
  }
  const auto row = rows[0];
  const EmbedderOverride* const over = job.embedder ? &*job.embedder : nullptr;
  EmbedderConfig config;
  config.embedder_id = embedder_id;
  config.provider = over && over->provider ? *over->provider : Text(row[0]);
  config.base_url = over && over->base_url ? *over->base_url : Text(row[1]);
  config.api_key = over && over->api_key ? *over->api_key : Secret(Text(row[2]));
  if (over && !over->api_key && over->base_url && !SameAddress(*over->base_url, View(row[1]))) {
    // The row's key belongs to the row's address; a job does not get to send it elsewhere.
    config.api_key = Secret();
  }
  RETURN_IF_ERROR(ApplyConfig(View(row[3]), over, config));
  config.batch_size =
      FirstPositive({job.batch_size.value_or(0), over ? over->batch_size.value_or(0) : 0,
                     Int32(row[4]), default_batch_size});
  config.max_input_tokens =
      std::max(0, over ? over->max_input_tokens.value_or(Int32(row[5])) : Int32(row[5]));
  config.truncate = ParseTruncate(Text(row[6]));
  return config;
}

}  // namespace

Result<Plan> LoadPlan(Database& database, const Job& job, std::int32_t default_batch_size) {
  return database.Run([&](Session& session) -> Result<Plan> {
    pqxx::work transaction(session.connection);
    Plan plan;
    plan.job_id = job.job_id;
    plan.range = job.range;
    plan.dataset_transform_id = job.dataset_transform_id;
    plan.mode = job.mode;
    ASSIGN_OR_RETURN(std::vector<std::int64_t> embedders, LoadTransform(transaction, job, plan));
    if (job.embedded_dataset_id) {
      ASSIGN_OR_RETURN(const std::int64_t selected,
                       SelectedEmbedder(transaction, plan, *job.embedded_dataset_id, embedders));
      embedders = {selected};
    }
    if (embedders.size() > 1 && (job.collection_name || job.embedder)) {
      return Fail(Code::kInvalid,
                  fmt::format("the job's {} fits one embedder, but transform {} has several ({}); "
                              "name one with embedded_dataset_id",
                              job.collection_name ? "collection_name" : "embedder_config",
                              plan.dataset_transform_id, fmt::join(embedders, ", ")));
    }
    for (const std::int64_t embedder : embedders) {
      Target target;
      ASSIGN_OR_RETURN(target.embedder,
                       LoadEmbedder(transaction, job, embedder, default_batch_size));
      EmbeddedDataset row = EnsureEmbeddedDataset(transaction, plan.dataset_transform_id, embedder,
                                                  job.collection_name);
      // The records of an embedded dataset say what its one collection holds.
      if (job.collection_name && *job.collection_name != row.collection) {
        return Fail(
            Code::kConflict,
            fmt::format("embedded dataset {} is kept in collection \"{}\", the job asks for "
                        "\"{}\"; leave collection_name out, or use a transform of its own "
                        "for the other collection",
                        row.embedded_dataset_id, row.collection, *job.collection_name));
      }
      target.embedded_dataset_id = row.embedded_dataset_id;
      target.collection = std::move(row.collection);
      plan.targets.push_back(std::move(target));
    }
    transaction.commit();
    return plan;
  });
}

}  // namespace dsw
