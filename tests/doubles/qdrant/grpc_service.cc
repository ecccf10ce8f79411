// SPDX-License-Identifier: Apache-2.0
#include "tests/doubles/qdrant/grpc_service.h"

#include <chrono>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "points.grpc.pb.h"

namespace dsw::doubles {
namespace {

using Json = nlohmann::json;

grpc::StatusCode CodeOf(const Refusal& refusal) {
  switch (refusal.status) {
    case 401:
      return grpc::StatusCode::UNAUTHENTICATED;
    case 403:
      return grpc::StatusCode::PERMISSION_DENIED;
    case 404:
      return grpc::StatusCode::NOT_FOUND;
    case 405:
      return grpc::StatusCode::UNIMPLEMENTED;
    case 408:
      return grpc::StatusCode::DEADLINE_EXCEEDED;
    case 409:
      return grpc::StatusCode::ALREADY_EXISTS;
    case 429:
    case 507:
      return grpc::StatusCode::RESOURCE_EXHAUSTED;
    case 500:
      return grpc::StatusCode::INTERNAL;
    case 502:
    case 503:
      return grpc::StatusCode::UNAVAILABLE;
    default:
      return grpc::StatusCode::INVALID_ARGUMENT;
  }
}

std::string KeyOf(const grpc::ServerContext& context) {
  const auto key = context.client_metadata().find("api-key");
  if (key != context.client_metadata().end()) return {key->second.data(), key->second.size()};
  return {};
}

/// Runs `body` with the scripted failure of the operation.
template <class Body>
grpc::Status Serve(grpc::ServerContext& context, QdrantScript& script, const std::string& operation,
                   Body&& body) {
  try {
    const QdrantFault fault = script.Take(operation);
    if (fault.refusal) throw Refusal(*fault.refusal);
    if (fault.apply) body();
    const auto until = std::chrono::steady_clock::now() + fault.delay;
    while (std::chrono::steady_clock::now() < until && !context.IsCancelled()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return grpc::Status::OK;
  } catch (const Refusal& refusal) {
    if (refusal.retry_after_s >= 0) {
      context.AddTrailingMetadata("retry-after", std::to_string(refusal.retry_after_s));
    }
    return {CodeOf(refusal), refusal.text};
  }
}

std::string IdOf(const ::qdrant::PointId& id) {
  if (id.has_num()) return std::to_string(id.num());
  if (id.has_uuid()) return CheckedUuid(id.uuid());
  throw Refusal{.status = 400, .text = "No ID options provided"};
}

std::vector<IncomingPoint> PointsOf(const ::qdrant::UpsertPoints& request, bool fast) {
  std::vector<IncomingPoint> points;
  points.reserve(static_cast<std::size_t>(request.points_size()));
  for (const ::qdrant::PointStruct& from : request.points()) {
    IncomingPoint point{.id = IdOf(from.id()), .vector = {}, .payload = Json::object()};
    const auto& floats = from.vectors().vector().dense().data();
    if (floats.empty()) {
      throw Refusal{.status = 400, .text = "Wrong input: Expected some vectors"};
    }
    point.vector.assign(floats.begin(), floats.end());
    if (!fast) {
      for (const auto& [key, value] : from.payload()) point.payload[key] = JsonOf(value);
    }
    points.push_back(std::move(point));
  }
  return points;
}

Json JsonOf(const ::qdrant::Condition& condition) {
  const ::qdrant::Range& range = condition.field().range();
  Json bounds = Json::object();
  if (range.has_lt()) bounds["lt"] = range.lt();
  if (range.has_gt()) bounds["gt"] = range.gt();
  if (range.has_gte()) bounds["gte"] = range.gte();
  if (range.has_lte()) bounds["lte"] = range.lte();
  return {{"key", condition.field().key()}, {"range", bounds}};
}

/// As REST has it; null for none.
Json FilterOf(const ::qdrant::UpsertPoints& request) {
  if (!request.has_update_filter()) return Json();
  Json filter = Json::object();
  for (const auto& one : request.update_filter().should()) filter["should"].push_back(JsonOf(one));
  for (const auto& one : request.update_filter().must()) filter["must"].push_back(JsonOf(one));
  for (const auto& one : request.update_filter().must_not()) {
    filter["must_not"].push_back(JsonOf(one));
  }
  return filter;
}

}  // namespace

Json JsonOf(const ::qdrant::Value& value) {
  switch (value.kind_case()) {
    case ::qdrant::Value::kDoubleValue:
      return value.double_value();
    case ::qdrant::Value::kIntegerValue:
      return value.integer_value();
    case ::qdrant::Value::kStringValue:
      return value.string_value();
    case ::qdrant::Value::kBoolValue:
      return value.bool_value();
    case ::qdrant::Value::kStructValue: {
      Json object = Json::object();
      for (const auto& [key, member] : value.struct_value().fields()) {
        object[key] = JsonOf(member);
      }
      return object;
    }
    case ::qdrant::Value::kListValue: {
      Json array = Json::array();
      for (const auto& element : value.list_value().values()) array.push_back(JsonOf(element));
      return array;
    }
    case ::qdrant::Value::kNullValue:
      return nullptr;
    default:
      throw Refusal{.status = 400, .text = "Wrong input: a payload's value has no kind"};
  }
}

struct QdrantGrpc::Services {
  class Health : public ::qdrant::Qdrant::Service {
   public:
    explicit Health(Services& services) : services_(services) {}
    grpc::Status HealthCheck(grpc::ServerContext* context, const ::qdrant::HealthCheckRequest*,
                             ::qdrant::HealthCheckReply* reply) override {
      ++services_.health_checks;
      return Serve(*context, services_.script, "HealthCheck", [&] {
        reply->set_title("qdrant - vector search engine");
        reply->set_version(services_.version);
      });
    }

   private:
    Services& services_;
  };

  class Points : public ::qdrant::Points::Service {
   public:
    explicit Points(Services& services) : services_(services) {}
    grpc::Status Upsert(grpc::ServerContext* context, const ::qdrant::UpsertPoints* request,
                        ::qdrant::PointsOperationResponse* reply) override {
      ++services_.upserts;
      services_.upsert_bytes += request->ByteSizeLong();
      return Serve(*context, services_.script, "upsert", [&] {
        services_.keys.Check(KeyOf(*context), true);
        const std::string status =
            services_.store.Upsert(request->collection_name(), PointsOf(*request, services_.fast),
                                   {.wait = request->wait(),
                                    .timeout = std::chrono::seconds(request->timeout()),
                                    .filter = FilterOf(*request)});
        reply->mutable_result()->set_operation_id(++services_.operation_id);
        reply->mutable_result()->set_status(status == "completed"      ? ::qdrant::Completed
                                            : status == "acknowledged" ? ::qdrant::Acknowledged
                                                                       : ::qdrant::WaitTimeout);
        reply->set_time(0.0012);
      });
    }

   private:
    Services& services_;
  };

  Store& store;
  QdrantScript& script;
  const QdrantKeys keys;
  const bool fast;
  const std::string version;
  std::atomic<std::uint64_t> health_checks{0};
  std::atomic<std::uint64_t> upserts{0};
  std::atomic<std::uint64_t> upsert_bytes{0};
  std::atomic<std::uint64_t> operation_id{0};
  Health health{*this};
  Points points{*this};
  std::unique_ptr<grpc::Server> server{};
};

QdrantGrpc::QdrantGrpc(Store& store, QdrantScript& script, QdrantKeys keys, bool fast,
                       const std::string& version, int port)
    : services_(new Services{.store = store,
                             .script = script,
                             .keys = std::move(keys),
                             .fast = fast,
                             .version = version}) {
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(-1);
  builder.AddListeningPort("127.0.0.1:" + std::to_string(port), grpc::InsecureServerCredentials(),
                           &port_);
  builder.RegisterService(&services_->health);
  builder.RegisterService(&services_->points);
  services_->server = builder.BuildAndStart();
  if (!services_->server || port_ == 0) throw std::runtime_error("cannot listen for gRPC");
}

QdrantGrpc::~QdrantGrpc() {
  services_->server->Shutdown(std::chrono::system_clock::now());
  services_->server->Wait();
}

GrpcCounters QdrantGrpc::counters() const {
  return {.health_checks = services_->health_checks,
          .upserts = services_->upserts,
          .upsert_bytes = services_->upsert_bytes};
}

}  // namespace dsw::doubles
