// SPDX-License-Identifier: Apache-2.0
#include "plugins/sink_qdrant/collection.h"

#include <string>

#include "plugins/sink_qdrant/bodies.h"
#include "plugins/sink_qdrant/call_time.h"
#include "plugins/sink_qdrant/errors.h"
#include "plugins/sink_qdrant/names.h"

namespace dsw::qdrant {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint32_t kMostDimensions = 65536;
constexpr std::string_view kFailed = "Failed to create collection: ";
/// The item that a point belongs to, in both styles of payloads: a number. What filters on it, as a
/// deletion of an item's points, would look at every point without an index.
constexpr std::string_view kIndexed[] = {"dataset_item_id", "item_id"};

std::string Quoted(std::string_view name) {
  return '"' + std::string(name) + '"';
}

std::string Timeout(const dsw_host& host, const dsw_call& call) {
  return "timeout=" + std::to_string(ServerTimeoutSeconds(host, call));
}

void CreateIndexes(const dsw_host& host, const dsw_call& call, const RestClient& rest,
                   const std::string& path, const Json& payload_schema) {
  for (const std::string_view field : kIndexed) {
    if (payload_schema.contains(field)) continue;
    const std::string body = Json{{"field_name", field}, {"field_schema", "integer"}}.dump();
    rest.Require(
        rest.Send(call, "PUT", path + "/index?wait=true&" + Timeout(host, call), {Str(body)}));
  }
}

/// False when somebody else has made it meanwhile.
bool Create(const dsw_host& host, const dsw_call& call, const RestClient& rest,
            const std::string& path, const std::string& body) {
  const HttpResponse response =
      rest.Send(call, "PUT", path + "?" + Timeout(host, call), {Str(body)});
  if (SaysAlreadyExists(response.status(), RefusalText(response.body()))) return false;
  rest.Require(response);
  return true;
}

}  // namespace

void CheckShape(std::string_view name, const Json& description, std::uint32_t dimensions,
                std::string_view distance) {
  const Json::json_pointer pointer("/config/params/vectors");
  const Json vectors = description.contains(pointer) ? description[pointer] : Json();
  if (!vectors.is_object() || !vectors.contains("size") || !vectors["size"].is_number()) {
    std::string names;
    if (vectors.is_object()) {
      for (const auto& item : vectors.items()) names += (names.empty() ? "" : ", ") + item.key();
    }
    throw Failure(DSW_E_CONFLICT, std::string(kFailed) + Quoted(name) +
                                      " exists with named vectors (" +
                                      (names.empty() ? "none" : names) +
                                      "), and the worker writes one vector without a name; use "
                                      "another collection");
  }
  if (vectors["size"] != dimensions) {
    throw Failure(DSW_E_CONFLICT,
                  std::string(kFailed) + "invalid vector size: " + Quoted(name) +
                      " exists with vectors of " + vectors["size"].dump() +
                      " dimensions, the embedder makes " + std::to_string(dimensions) +
                      "; use another collection, or the model that it was made for");
  }
  const std::string actual = vectors.value("distance", "");
  if (actual != distance) {
    throw Failure(DSW_E_CONFLICT, std::string(kFailed) + Quoted(name) + " exists with distance " +
                                      actual + ", wanted is " + std::string(distance) +
                                      "; use another collection, or change QDRANT_DISTANCE");
  }
}

void EnsureCollection(const dsw_host& host, const dsw_call& call, const RestClient& rest,
                      const Config& config, const dsw_collection_spec& spec) {
  if ((spec.flags & 0xFFFFu & ~DSW_COLLECTION_MUST_EXIST) != 0) {
    throw Failure(DSW_E_UNSUPPORTED, "unknown flags of a collection");
  }
  const std::string_view name = View(spec.name);
  const std::string path = CollectionPath(name);
  const std::string_view distance = DistanceName(spec.distance);
  if (distance.empty()) throw Failure(DSW_E_UNSUPPORTED, "unknown distance");
  if (spec.dimensions < 1 || spec.dimensions > kMostDimensions) {
    throw Failure(DSW_E_INVALID_REQUEST,
                  std::string(kFailed) + "invalid vector size: " + std::to_string(spec.dimensions) +
                      ", Qdrant takes from 1 to 65536");
  }

  const bool must_exist = (spec.flags & DSW_COLLECTION_MUST_EXIST) != 0;
  HttpResponse found = rest.Send(call, "GET", path);
  // Without a text it is not about the collection.
  const bool missing = found.status() == 404 && !RefusalText(found.body()).empty();
  if (missing && must_exist) {
    throw Failure(DSW_E_NOT_FOUND,
                  "collection " + Quoted(name) +
                      " does not exist; create it, or set QDRANT_CREATE_COLLECTION=true");
  }
  Json description;
  if (!missing) {
    description = rest.Result(found);
  } else if (!Create(host, call, rest, path, CreateBody(config, spec.dimensions, distance))) {
    description = rest.Get(call, path);
  }
  if (!description.is_null()) CheckShape(name, description, spec.dimensions, distance);
  if (!must_exist) {
    const Json indexed =
        description.is_object() ? description.value("payload_schema", Json::object()) : Json();
    CreateIndexes(host, call, rest, path, indexed);
  }
}

}  // namespace dsw::qdrant
