// SPDX-License-Identifier: Apache-2.0
#include "plugins/sink_qdrant/collection.h"

#include <string>

#include "plugins/sink_qdrant/bodies.h"
#include "plugins/sink_qdrant/call_time.h"
#include "plugins/sink_qdrant/errors.h"
#include "plugins/sink_qdrant/names.h"
#include "plugins/sink_qdrant/points.h"
#include "plugins/sink_qdrant/version.h"
#include "plugins/sink_qdrant/write_watch.h"

namespace dsw::qdrant {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint32_t kMostDimensions = 65536;
/// Since which Qdrant 1.x collections have metadata, and the member of it that is ours.
constexpr int kMetadataMinor = 16;
constexpr char kMaker[] = "dsw_maker";
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

void CreateIndex(const dsw_host& host, const dsw_call& call, const RestClient& rest,
                 const std::string& path, std::string_view field, bool wait) {
  const std::string body = Json{{"field_name", field}, {"field_schema", "integer"}}.dump();
  rest.Require(rest.Send(
      call, "PUT", path + "/index?wait=" + (wait ? "true" : "false") + "&" + Timeout(host, call),
      {Str(body)}));
}

/// Whether conditions of writes need an index; by default they do not, and the few points that are
/// compared are found by their ids.
bool WantsFenceIndex(const Json& description) {
  const Json::json_pointer pointer("/config/strict_mode_config");
  const Json strict = description.contains(pointer) ? description[pointer] : Json();
  return strict.is_object() && strict.value("enabled", Json()) == true &&
         strict.value("unindexed_filtering_update", Json()) == false;
}

void CreateIndexes(const dsw_host& host, const dsw_call& call, const RestClient& rest,
                   const std::string& path, const Json& description) {
  const Json schema =
      description.is_object() ? description.value("payload_schema", Json()) : Json();
  const bool wait = !HidesPoints(description);
  for (const std::string_view field : kIndexed) {
    if (!schema.contains(field)) CreateIndex(host, call, rest, path, field, wait);
  }
  if (!description.is_object() || !WantsFenceIndex(description) || schema.contains(kFencePath)) {
    return;
  }
  try {
    CreateIndex(host, call, rest, path, kFencePath, wait);
  } catch (const Failure& failure) {
    // Points can be written without it.
    if (failure.error().category != DSW_E_INVALID_REQUEST) throw;
    Log(host, &call, DSW_LOG_WARN, std::string("no index of _dsw.t: ") + failure.what());
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

/// Null when there is no such collection.
Json Describe(const dsw_call& call, const RestClient& rest, const std::string& path) {
  const HttpResponse response = rest.Send(call, "GET", path);
  // Without Qdrant's own words it is not about the collection.
  if (response.status() == 404 && IsEnvelope(response.body())) return Json();
  return rest.Result(response);
}

/// False in doubt: what was noted and is not applied, and what is applied and hidden, is not seen.
bool IsEmpty(const dsw_call& call, const RestClient& rest, const std::string& path,
             const Json& description) {
  if (!description.is_object()) return false;
  const UpdateQueue queue = QueueOf(description);
  // The number is a guess above 0.
  const bool may_be =
      description.value("points_count", Json(0)) == 0 && queue.length == 0 && queue.hidden == 0;
  return may_be && CountPoints(call, rest, path) == 0;
}

std::string MakerIn(const Json& description) {
  const Json::json_pointer pointer(std::string("/config/metadata/") + kMaker);
  if (!description.is_object() || !description.contains(pointer)) return {};
  const Json& maker = description[pointer];
  return maker.is_string() ? maker.get<std::string>() : std::string();
}

/// Empty when there is none.
template <class AnyJson>
std::string TextMember(const AnyJson& object, const char* name) {
  if (!object.is_object()) return {};
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return {};
  return found->template get_ref<const std::string&>();
}

std::string ServerVersion(const dsw_call& call, const RestClient& rest) {
  const HttpResponse response = rest.Send(call, "GET", "/");
  rest.Require(response);
  // That with ordered members takes stack for every level that it reads.
  const auto json = nlohmann::json::parse(response.body(), nullptr, /*allow_exceptions=*/false);
  return TextMember(json, "version");
}

}  // namespace

std::uint64_t CountPoints(const dsw_call& call, const RestClient& rest, const std::string& path) {
  const Json result = rest.Post(call, path + "/points/count", R"({"exact":true})");
  if (!result.is_object() || !result.contains("count") || !result["count"].is_number_unsigned()) {
    throw Failure(DSW_E_BAD_RESPONSE, "Qdrant's answer has no count");
  }
  return result["count"].get<std::uint64_t>();
}

void CheckShape(std::string_view name, const Json& description, std::uint32_t dimensions,
                std::string_view distance) {
  const Json::json_pointer pointer("/config/params/vectors");
  const Json none;
  const Json& vectors = description.contains(pointer) ? description[pointer] : none;
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
  const std::string actual = TextMember(vectors, "distance");
  if (actual != distance) {
    throw Failure(DSW_E_CONFLICT, std::string(kFailed) + Quoted(name) + " exists with distance " +
                                      actual + ", wanted is " + std::string(distance) +
                                      "; use another collection, or change QDRANT_DISTANCE");
  }
}

Collection EnsureCollection(const dsw_host& host, const dsw_call& call, const RestClient& rest,
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
  Collection collection;
  collection.description = Describe(call, rest, path);
  if (collection.description.is_null()) {
    if (must_exist) {
      throw Failure(DSW_E_NOT_FOUND,
                    "collection " + Quoted(name) +
                        " does not exist; create it, or set QDRANT_CREATE_COLLECTION=true");
    }
    if (Create(host, call, rest, path, CreateBody(config, spec.dimensions, distance))) {
      collection.flags = DSW_COLLECTION_CREATED | DSW_COLLECTION_EMPTY;
    }
    // The node of a cluster that is asked next may not know it yet.
    collection.description = Describe(call, rest, path);
  }
  const Json& description = collection.description;
  if (!description.is_null()) CheckShape(name, description, spec.dimensions, distance);
  if (!must_exist) CreateIndexes(host, call, rest, path, description);
  if (collection.flags == 0 && IsEmpty(call, rest, path, description)) {
    collection.flags = DSW_COLLECTION_EMPTY;
  }
  collection.maker = MakerIn(description);
  return collection;
}

void StoreMaker(const dsw_host& host, const dsw_call& call, const RestClient& rest,
                std::string_view collection, std::string_view maker) {
  const std::string path = CollectionPath(collection);
  // Older servers would restart the collection's workers for a request that changes nothing.
  if (!AtLeast(ServerVersion(call, rest), kMetadataMinor)) return;
  const std::string body = Json{{"metadata", {{kMaker, maker}}}}.dump();
  const HttpResponse response =
      rest.Send(call, "PATCH", path + "?" + Timeout(host, call), {Str(body)});
  const int status = response.status();
  if (status == 400 || status == 403 || status == 404) {
    Log(host, &call, DSW_LOG_WARN,
        "Qdrant does not keep with collection " + Quoted(collection) +
            " what its vectors were made by: " + RefusalText(response.body()));
    return;
  }
  rest.Require(response);
}

}  // namespace dsw::qdrant
