// SPDX-License-Identifier: Apache-2.0
#include "plugins/sink_qdrant/sink.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "plugins/sink_qdrant/bodies.h"
#include "plugins/sink_qdrant/call_time.h"
#include "plugins/sink_qdrant/collection.h"
#include "plugins/sink_qdrant/errors.h"
#include "plugins/sink_qdrant/names.h"

namespace dsw::qdrant {
namespace {

using Json = nlohmann::ordered_json;

/// A message is held in memory whole by the server before it looks at it.
constexpr std::size_t kMostMessageBytes = std::size_t{4} << 20;
constexpr std::size_t kMostRemovedAtOnce = 10'000;

[[noreturn]] void BadResponse(std::string_view what) {
  throw Failure(DSW_E_BAD_RESPONSE, "Qdrant's answer has no " + std::string(what));
}

std::string IdList(const std::vector<std::string>& ids) {
  std::string list = "[";
  for (const std::string& id : ids) {
    if (list.size() > 1) list += ',';
    list += id;
  }
  return list + ']';
}

UpdateStatus StatusOf(const Json& result) {
  const std::string status = result.is_object() ? result.value("status", "") : "";
  if (status == "completed") return UpdateStatus::kCompleted;
  if (status == "acknowledged") return UpdateStatus::kAcknowledged;
  if (status == "wait_timeout") return UpdateStatus::kWaitTimeout;
  BadResponse("status of the update");
}

std::string WriteQuery(const dsw_host& host, const dsw_call& call) {
  return "?wait=true&timeout=" + std::to_string(ServerTimeoutSeconds(host, call));
}

/// In JSON, each once.
std::vector<std::string> DistinctIds(const PointId* ids, std::size_t count) {
  std::vector<std::string> distinct;
  distinct.reserve(count);
  for (std::size_t i = 0; i < count; ++i) distinct.push_back(ids[i].Json());
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  return distinct;
}

std::vector<PointId> MakePointIds(const dsw_str* ids, std::size_t count) {
  std::vector<PointId> made;
  made.reserve(count);
  for (std::size_t i = 0; i < count; ++i) made.push_back(MakePointId(View(ids[i])));
  return made;
}

}  // namespace

QdrantSink::QdrantSink(const dsw_host& host, std::string_view config_json)
    : host_(host), config_(ParseConfig(config_json)), rest_(host, config_), grpc_(host, config_) {
  if (config_.grpc_address_given) {
    Log(host_, nullptr, DSW_LOG_WARN,
        "the address of sink qdrant has the port of Qdrant's gRPC; REST is expected at " +
            config_.rest_url);
  }
}

void QdrantSink::EnsureCollection(const dsw_call& call, const dsw_collection_spec& spec) {
  qdrant::EnsureCollection(host_, call, rest_, config_, spec);
}

void QdrantSink::Upsert(const dsw_call& call, std::string_view collection,
                        const dsw_points& points) {
  const std::string path = CollectionPath(collection);
  const std::vector<PointId> ids = MakePointIds(points.ids, points.count);
  UpsertMessage message;
  PointRange rest{&points, ids.data(), 0, points.count};
  while (rest.count > 0) {
    CheckCall(host_, call);
    PointRange front;
    try {
      UpsertFront(call, path, collection, rest, message, front);
      rest = rest.After(front);
    } catch (const Failure& failure) {
      if (failure.error().category != DSW_E_TOO_LARGE || front.count < 2) throw;
      LearnLimit(failure.error(), front.count);
    }
  }
}

void QdrantSink::LearnLimit(const dsw_error& refusal, std::size_t refused) {
  std::size_t most = refused / 2;
  const bool named = refusal.limit_unit == DSW_LIMIT_ITEMS && refusal.limit > 0;
  const auto limit = static_cast<std::size_t>(refusal.limit);
  if (named && limit < refused) most = limit;
  std::size_t known = most_points_;
  while (most < known && !most_points_.compare_exchange_weak(known, most)) {
  }
}

void QdrantSink::UpsertFront(const dsw_call& call, const std::string& path,
                             std::string_view collection, const PointRange& range,
                             UpsertMessage& message, PointRange& front) {
  const auto cut = [&](std::size_t bytes, std::size_t float_bytes) {
    front = range.Front(bytes, float_bytes);
    front.count = std::min<std::size_t>(front.count, most_points_);
  };
  std::optional<UpdateStatus> status;
  if (grpc_.Offered(call)) {
    cut(std::min(config_.max_request_bytes, kMostMessageBytes), sizeof(float));
    if (message.Encode(collection, front, ServerTimeoutSeconds(host_, call))) {
      status = grpc_.Upsert(call, message);
    }
  }
  if (!status) {
    cut(config_.max_request_bytes, kLongestFloat);
    status = UpsertOverRest(call, path, front);
  }
  if (*status != UpdateStatus::kCompleted) {
    AwaitPoints(call, path, DistinctIds(front.ids + front.first, front.count), true);
  }
}

UpdateStatus QdrantSink::UpsertOverRest(const dsw_call& call, const std::string& path,
                                        const PointRange& range) const {
  const UpsertBody body(range);
  return StatusOf(rest_.Result(
      rest_.Send(call, "PUT", path + "/points" + WriteQuery(host_, call), body.pieces())));
}

void QdrantSink::AwaitPoints(const dsw_call& call, const std::string& path,
                             const std::vector<std::string>& ids, bool stored) const {
  constexpr std::uint64_t kLongestPauseMs = 1000;
  const std::string body =
      R"({"ids":)" + IdList(ids) + R"(,"with_payload":false,"with_vector":false})";
  const std::size_t expected = stored ? ids.size() : 0;
  for (std::uint64_t pause_ms = 50;; pause_ms = std::min(2 * pause_ms, kLongestPauseMs)) {
    const Json found = rest_.Post(call, path + "/points", body);
    if (!found.is_array()) BadResponse("list of points");
    if (found.size() == expected) return;
    Wait(host_, call, pause_ms);
    if (RemainingMs(host_, call, 1) == 0) {
      throw Failure(DSW_E_TIMEOUT,
                    "Qdrant has noted a change of points and not made it in the time of the call");
    }
    CheckCall(host_, call);
  }
}

void QdrantSink::Remove(const dsw_call& call, std::string_view collection, const dsw_str* ids,
                        std::size_t count) {
  const std::string path = CollectionPath(collection);
  for (std::size_t first = 0; first < count; first += kMostRemovedAtOnce) {
    CheckCall(host_, call);
    const std::vector<PointId> part =
        MakePointIds(ids + first, std::min(kMostRemovedAtOnce, count - first));
    const std::vector<std::string> distinct = DistinctIds(part.data(), part.size());
    const Json result = rest_.Post(call, path + "/points/delete" + WriteQuery(host_, call),
                                   R"({"points":)" + IdList(distinct) + '}');
    if (StatusOf(result) != UpdateStatus::kCompleted) AwaitPoints(call, path, distinct, false);
  }
}

std::uint64_t QdrantSink::Count(const dsw_call& call, std::string_view collection) {
  const Json result =
      rest_.Post(call, CollectionPath(collection) + "/points/count", R"({"exact":true})");
  if (!result.is_object() || !result.contains("count") || !result["count"].is_number_unsigned()) {
    BadResponse("count");
  }
  return result["count"].get<std::uint64_t>();
}

void QdrantSink::Search(const dsw_call& call, std::string_view collection, const float* vector,
                        std::uint32_t dimensions, std::uint32_t limit, const dsw_search_out& out) {
  const Json result = rest_.Post(call, CollectionPath(collection) + "/points/query",
                                 QueryBody(vector, dimensions, limit));
  if (!result.is_object() || !result.contains("points") || !result["points"].is_array()) {
    BadResponse("points");
  }
  for (const Json& point : result["points"]) {
    if (!point.is_object() || !point.contains("id") || !point.contains("score") ||
        !point["score"].is_number()) {
      BadResponse("id and score of a point");
    }
    const std::string id =
        point["id"].is_string() ? point["id"].get<std::string>() : point["id"].dump();
    const bool has_payload = point.contains("payload") && point["payload"].is_object();
    const std::string payload = has_payload ? point["payload"].dump() : "{}";
    dsw_hit hit{};
    hit.struct_size = sizeof hit;
    hit.id = Str(id);
    hit.payload = Str(payload);
    hit.score = point["score"].get<double>();
    out.hit(&out, &hit);
  }
}

void QdrantSink::Health(const dsw_call& call) {
  const HttpResponse ready = rest_.Send(call, "GET", "/readyz");
  // Servers from before 2023-09 have no such path.
  if (ready.status() != 404) rest_.Require(ready);
  (void)rest_.Get(call, "/collections");
}

}  // namespace dsw::qdrant
