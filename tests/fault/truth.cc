// SPDX-License-Identifier: Apache-2.0
#include "tests/fault/truth.h"

#include <sstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace dsw::fault_test {
namespace {

using Json = nlohmann::json;

constexpr char kTargets[] = R"sql(
SELECT coalesce(json_agg(json_build_object(
  'id', e.embedded_dataset_id, 'dataset', e.source_dataset_id, 'collection', e.collection_name,
  'config', m.config) ORDER BY e.embedded_dataset_id), '[]')
FROM embedded_datasets e JOIN embedders m USING (embedder_id) WHERE e.dataset_transform_id = {}
)sql";

constexpr char kItems[] = R"sql(
SELECT coalesce(json_agg(json_build_array(item_id, title, chunks)), '[]')
FROM dataset_items WHERE dataset_id = {}
)sql";

constexpr char kRecords[] = R"sql(
SELECT coalesce(json_agg(json_build_array(item_id, chunk_count, stored_count, done::text)), '[]')
FROM dataset_transform_items WHERE embedded_dataset_id = {}
)sql";

constexpr char kFailed[] = R"sql(
SELECT coalesce(json_agg(json_build_array(item_id, chunk_index, reason)), '[]')
FROM dataset_transform_failed_chunks WHERE embedded_dataset_id = {}
)sql";

constexpr char kStatistics[] = R"sql(
SELECT coalesce((SELECT json_build_array(total_chunks_embedded, total_chunks_failed,
                                         total_chunks_to_process)
                 FROM dataset_transform_stats WHERE dataset_transform_id = {}), '[-1, -1, -1]')
)sql";

std::string TextOf(const Json& chunk) {
  if (chunk.is_string()) return chunk.get<std::string>();
  if (!chunk.is_object() || !chunk.contains("content")) return "";
  return chunk["content"].is_string() ? chunk["content"].get<std::string>() : "";
}

/// "{[0,3),[5,6)}"
std::vector<std::pair<std::int64_t, std::int64_t>> Ranges(const std::string& text) {
  std::vector<std::pair<std::int64_t, std::int64_t>> ranges;
  std::istringstream in(text);
  for (char sign = 0; in >> sign;) {
    if (sign != '[') continue;
    std::pair<std::int64_t, std::int64_t> range;
    in >> range.first >> sign >> range.second;
    ranges.push_back(range);
  }
  return ranges;
}

}  // namespace

bool HasText(const std::string& text) {
  return text.find_first_not_of(" \t\r\n\f\v") != std::string::npos;
}

Truth ReadTruth(const std::function<std::string(const std::string&)>& sql, std::int64_t transform) {
  const auto query = [&](const char* statement, std::int64_t id) {
    return Json::parse(sql(fmt::format(fmt::runtime(statement), id)));
  };
  Truth truth;
  for (const Json& row : query(kTargets, transform)) {
    TargetTruth target;
    target.embedded_dataset = row.at("id");
    target.collection = row.at("collection");
    target.model = row.at("config").value("model", "");
    target.maker = row.at("config").value("maker", "");
    for (const Json& item : query(kItems, row.at("dataset"))) {
      const std::int64_t id = item[0];
      std::int64_t index = 0;
      for (const Json& chunk : item[2]) {
        target.chunks[{id, index++}] = {.text = TextOf(chunk), .title = item[1]};
      }
      if (index > 0) target.items[id] = index;
    }
    for (const Json& record : query(kRecords, target.embedded_dataset)) {
      target.records[record[0]] = {
          .chunks = record[1], .stored = record[2], .done = Ranges(record[3])};
    }
    for (const Json& failed : query(kFailed, target.embedded_dataset)) {
      target.failed[{failed[0], failed[1]}] = failed[2];
    }
    truth.targets.push_back(std::move(target));
  }
  const Json statistics = query(kStatistics, transform);
  truth.statistics = {
      .embedded = statistics[0], .failed = statistics[1], .to_process = statistics[2]};
  return truth;
}

}  // namespace dsw::fault_test
