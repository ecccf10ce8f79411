// SPDX-License-Identifier: Apache-2.0
#include "host/domain/point.h"

#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid.hpp>
#include <boost/uuid/uuid_io.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace dsw {
namespace {

using Json = nlohmann::ordered_json;

Json ObjectOrEmpty(const std::string& text) {
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  return json.is_object() ? json : Json::object();
}

/// Moves `key` out of `from` into `to`; null where it is absent.
void Lift(Json& from, Json& to, const char* key) {
  const auto found = from.find(key);
  to[key] = found == from.end() ? Json(nullptr) : std::move(*found);
  if (found != from.end()) from.erase(key);
}

}  // namespace

std::string PointId(std::int64_t embedded_dataset_id, const ChunkPosition& position) {
  static const boost::uuids::name_generator_sha1 generator(boost::uuids::ns::dns());
  return boost::uuids::to_string(generator(fmt::format(
      "ed-{}-item-{}-chunk-{}", embedded_dataset_id, position.item_id, position.index)));
}

std::string PayloadJson(const Chunk& chunk, PayloadStyle style, bool truncated) {
  const Item& item = *chunk.item;
  Json item_metadata = ObjectOrEmpty(item.metadata_json);
  Json chunk_metadata = ObjectOrEmpty(chunk.metadata_json);

  Json payload = Json::object();
  if (style != PayloadStyle::kSpec) {
    payload["item_id"] = item.item_id;
    payload["item_title"] = item.title;
    payload["item_metadata"] = item_metadata;
    payload["chunk_metadata"] = chunk_metadata;
  }
  if (style != PayloadStyle::kOriginal) {
    payload["dataset_item_id"] = item.item_id;
  }
  payload["chunk_index"] = chunk.index;
  payload["text"] = chunk.text;
  if (style != PayloadStyle::kOriginal) {
    Lift(item_metadata, payload, "source_file");
    Lift(item_metadata, payload, "author");
    payload["title"] = item.title;
    item_metadata.update(chunk_metadata);
    payload["custom_metadata"] = std::move(item_metadata);
  }
  if (truncated) payload["truncated"] = true;
  return payload.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace dsw
