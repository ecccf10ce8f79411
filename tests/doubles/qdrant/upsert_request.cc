// SPDX-License-Identifier: Apache-2.0
#include "tests/doubles/qdrant/upsert_request.h"

#include <string>
#include <utility>

#include <fmt/format.h>
#include <simdjson.h>

namespace dsw::doubles {
namespace {

namespace dom = simdjson::dom;

[[noreturn]] void Malformed(std::string_view why) {
  throw Refusal{.status = 400, .text = fmt::format("Format error in JSON body: {}", why)};
}

std::vector<float> Floats(const dom::element& list) {
  dom::array array;
  if (list.get_array().get(array) != simdjson::SUCCESS) Malformed("invalid type: expected vector");
  std::vector<float> floats;
  floats.reserve(array.size());
  for (const dom::element element : array) {
    double value = 0;
    if (element.get_double().get(value) != simdjson::SUCCESS) Malformed("expected f32");
    floats.push_back(static_cast<float>(value));
  }
  if (floats.empty()) {
    throw Refusal{.status = 422,
                  .text = "Validation error in JSON body: [dense vector must not be empty]"};
  }
  return floats;
}

nlohmann::json Whole(const dom::element& element) {
  return nlohmann::json::parse(std::string(simdjson::minify(element)));
}

std::size_t SizeOf(const dom::element& columns, std::string_view name) {
  dom::array array;
  if (columns[name].get_array().get(array) != simdjson::SUCCESS) Malformed("missing field");
  return array.size();
}

std::vector<IncomingPoint> ReadColumns(const dom::element& columns, bool fast) {
  const std::size_t ids = SizeOf(columns, "ids");
  const std::size_t vectors = SizeOf(columns, "vectors");
  if (ids != vectors) {
    throw Refusal{.status = 422,
                  .text = fmt::format("Validation error in JSON body: [batch: number of ids and "
                                      "vectors must be equal ({} != {})]",
                                      ids, vectors)};
  }
  std::vector<IncomingPoint> points(ids);
  std::size_t i = 0;
  for (const dom::element id : columns["ids"].get_array()) points[i++].id = CheckedId(Whole(id));
  i = 0;
  for (const dom::element row : columns["vectors"].get_array()) points[i++].vector = Floats(row);
  dom::array payloads;
  if (!fast && columns["payloads"].get_array().get(payloads) == simdjson::SUCCESS) {
    i = 0;
    for (const dom::element payload : payloads) {
      if (i < points.size()) points[i++].payload = Whole(payload);
    }
  }
  return points;
}

}  // namespace

UpsertRequest ReadUpsert(std::string_view body, bool fast) {
  dom::parser parser;
  dom::element root;
  if (const auto error = parser.parse(body.data(), body.size()).get(root)) {
    Malformed(simdjson::error_message(error));
  }
  UpsertRequest request;
  dom::element filter;
  if (root["update_filter"].get(filter) == simdjson::SUCCESS) request.update_filter = Whole(filter);
  dom::element columns;
  if (root["batch"].get(columns) == simdjson::SUCCESS) {
    request.points = ReadColumns(columns, fast);
    return request;
  }
  dom::array list;
  if (root["points"].get_array().get(list) != simdjson::SUCCESS) {
    Malformed("data did not match any variant of untagged enum PointInsertOperations");
  }
  request.points.reserve(list.size());
  for (const dom::element element : list) {
    dom::element id;
    dom::element vector;
    if (element["id"].get(id) != simdjson::SUCCESS) Malformed("missing field `id`");
    if (element["vector"].get(vector) != simdjson::SUCCESS) Malformed("missing field `vector`");
    IncomingPoint point{.id = CheckedId(Whole(id)), .vector = Floats(vector), .payload = {}};
    dom::element payload;
    if (!fast && element["payload"].get(payload) == simdjson::SUCCESS) {
      point.payload = Whole(payload);
    }
    request.points.push_back(std::move(point));
  }
  return request;
}

}  // namespace dsw::doubles
