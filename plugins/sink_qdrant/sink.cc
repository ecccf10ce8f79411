// SPDX-License-Identifier: Apache-2.0
#include "plugins/sink_qdrant/sink.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "plugins/sink_qdrant/bodies.h"
#include "plugins/sink_qdrant/call_time.h"
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

UpdateStatus StatusOf(const Json& result) {
  const std::string status = result.is_object() ? result.value("status", "") : "";
  if (status == "completed") return UpdateStatus::kCompleted;
  if (status == "acknowledged") return UpdateStatus::kAcknowledged;
  if (status == "wait_timeout") return UpdateStatus::kWaitTimeout;
  BadResponse("status of the update");
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
    : host_(host),
      config_(ParseConfig(config_json)),
      rest_(host, config_),
      grpc_(host, config_),
      watch_(host, rest_),
      scanner_(rest_) {
  if (config_.grpc_address_given) {
    Log(host_, nullptr, DSW_LOG_WARN,
        "the address of sink qdrant has the port of Qdrant's gRPC; REST is expected at " +
            config_.rest_url);
  }
}

void QdrantSink::EnsureCollection(const dsw_call& call, const dsw_collection_spec& spec) {
  (void)MakeUsable(call, spec);
}

void QdrantSink::Ensure(const dsw_call& call, const dsw_collection_spec& spec,
                        const dsw_collection_out& out) {
  const Collection collection = MakeUsable(call, spec);
  TellState(out, collection.flags, collection.maker);
}

Collection QdrantSink::MakeUsable(const dsw_call& call, const dsw_collection_spec& spec) {
  Collection collection = qdrant::EnsureCollection(host_, call, rest_, config_, spec);
  watch_.Learn(View(spec.name), collection.description);
  return collection;
}

void QdrantSink::SetMaker(const dsw_call& call, std::string_view collection,
                          std::string_view maker) {
  StoreMaker(host_, call, rest_, collection, maker);
}

void QdrantSink::Upsert(const dsw_call& call, std::string_view collection,
                        const dsw_points& points) {
  const std::vector<PointId> ids = MakePointIds(points.ids, points.count);
  UpsertMessage message;
  PointRange rest{&points, ids.data(), 0, points.count, unfenced_ ? 0 : FenceOf(points)};
  while (rest.count > 0) {
    CheckCall(host_, call);
    PointRange front;
    try {
      UpsertFront(call, collection, rest, message, front);
      rest = rest.After(front);
    } catch (const Failure& failure) {
      if (rest.fence != 0 && RefusesFence(failure.what())) {
        GiveUpFence(call, failure.what());
        rest.fence = 0;
        continue;
      }
      if (failure.error().category != DSW_E_TOO_LARGE || front.count < 2) throw;
      LearnLimit(failure.error(), front.count);
    }
  }
}

void QdrantSink::GiveUpFence(const dsw_call& call, std::string_view reason) {
  if (unfenced_.exchange(true)) return;
  Log(host_, &call, DSW_LOG_WARN,
      "points are written and removed without the condition that spares those of a later runner: " +
          std::string(reason));
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

void QdrantSink::UpsertFront(const dsw_call& call, std::string_view collection,
                             const PointRange& range, UpsertMessage& message, PointRange& front) {
  const auto cut = [&](std::size_t bytes, std::size_t float_bytes) {
    front = range.Front(bytes, float_bytes);
    front.count = std::min<std::size_t>(front.count, most_points_);
  };
  std::optional<UpdateStatus> status;
  if (grpc_.Offered(call)) {
    cut(std::min(config_.max_request_bytes, kMostMessageBytes), sizeof(float));
    if (message.Encode(collection, front, watch_.WaitsFor(collection),
                       ServerTimeoutSeconds(host_, call))) {
      status = grpc_.Upsert(call, message);
    }
  }
  if (!status) {
    cut(config_.max_request_bytes, kLongestFloat);
    status = UpsertOverRest(call, collection, front);
  }
  if (*status != UpdateStatus::kCompleted) {
    watch_.AwaitApplied(call, collection, DistinctIds(front.ids + front.first, front.count), true);
  }
}

UpdateStatus QdrantSink::UpsertOverRest(const dsw_call& call, std::string_view collection,
                                        const PointRange& range) const {
  const UpsertBody body(range);
  return StatusOf(rest_.Result(rest_.Send(
      call, "PUT", CollectionPath(collection) + "/points" + watch_.Query(call, collection),
      body.pieces())));
}

void QdrantSink::Remove(const dsw_call& call, std::string_view collection, const dsw_str* ids,
                        std::size_t count, std::int64_t fence) {
  for (std::size_t first = 0; first < count; first += kMostRemovedAtOnce) {
    CheckCall(host_, call);
    const std::vector<PointId> part =
        MakePointIds(ids + first, std::min(kMostRemovedAtOnce, count - first));
    const std::vector<std::string> distinct = DistinctIds(part.data(), part.size());
    try {
      RemovePart(call, collection, distinct, unfenced_ ? 0 : fence);
    } catch (const Failure& failure) {
      if (fence == 0 || !RefusesFence(failure.what())) throw;
      GiveUpFence(call, failure.what());
      RemovePart(call, collection, distinct, 0);
    }
  }
}

void QdrantSink::RemovePart(const dsw_call& call, std::string_view collection,
                            const std::vector<std::string>& ids, std::int64_t fence) {
  const Json result = rest_.Post(
      call, CollectionPath(collection) + "/points/delete" + watch_.Query(call, collection),
      RemoveBody(ids, fence));
  if (StatusOf(result) != UpdateStatus::kCompleted) {
    watch_.AwaitApplied(call, collection, ids, false);
  }
}

std::uint64_t QdrantSink::Count(const dsw_call& call, std::string_view collection) {
  return CountPoints(call, rest_, CollectionPath(collection));
}

void QdrantSink::Scan(const dsw_call& call, std::string_view collection, std::string_view after,
                      std::uint32_t limit, const dsw_scan_out& out) {
  scanner_.Scan(call, collection, after, limit, out);
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
    const std::string id = IdText(point["id"]);
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
