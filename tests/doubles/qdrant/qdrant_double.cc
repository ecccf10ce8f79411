// SPDX-License-Identifier: Apache-2.0
#include "tests/doubles/qdrant/qdrant_double.h"

#include <optional>

namespace dsw::doubles {
namespace {

RawHttpServerOptions ServerOptions(const QdrantOptions& options) {
  RawHttpServerOptions server;
  server.keep_alive = options.keep_alive;
  server.record = !options.store.fast;
  server.early = [limit = options.max_body_bytes](
                     const ReceivedRequest&,
                     std::uint64_t content_length) -> std::optional<HttpReply> {
    if (content_length <= limit) return std::nullopt;
    return BodyTooLarge(content_length, limit);
  };
  return server;
}

}  // namespace

QdrantDouble::QdrantDouble(const QdrantOptions& options)
    : options_(options),
      journal_(options.capture),
      store_(options.store),
      rest_api_(store_, script_, options.keys, options.store.fast),
      rest_server_([this](const ReceivedRequest& request) { return Answer(request); },
                   ServerOptions(options), options.rest_port),
      grpc_port_(options.grpc_port) {
  if (options.grpc) StartGrpc();
}

HttpReply QdrantDouble::Answer(const ReceivedRequest& request) {
  HttpReply reply = rest_api_.Answer(request);
  if (!options_.capture.empty()) {
    const Request seen{.method = request.method,
                       .path = request.path + (request.query.empty() ? "" : "?" + request.query),
                       .headers = request.headers,
                       .body = request.body,
                       .at = request.arrived};
    Reply said;
    said.status = reply.status;
    said.body = reply.body;
    for (const auto& header : reply.headers) said.headers.push_back(header);
    if (reply.fate != HttpReply::Fate::kWhole) said.fault = Fault::kReset;
    journal_.Add("qdrant", seen, said, false);
  }
  return reply;
}

GrpcCounters QdrantDouble::grpc_counters() const {
  const std::lock_guard lock(mutex_);
  GrpcCounters all = ended_;
  if (grpc_) {
    const GrpcCounters own = grpc_->counters();
    all.health_checks += own.health_checks;
    all.upserts += own.upserts;
    all.upsert_bytes += own.upsert_bytes;
  }
  return all;
}

void QdrantDouble::StopGrpc() {
  const GrpcCounters counters = grpc_counters();
  const std::lock_guard lock(mutex_);
  ended_ = counters;
  grpc_.reset();
}

void QdrantDouble::StartGrpc() {
  const std::lock_guard lock(mutex_);
  grpc_ = std::make_unique<QdrantGrpc>(store_, script_, options_.keys, options_.store.fast,
                                       options_.store.version, grpc_port_);
  grpc_port_ = grpc_->port();
}

std::string QdrantDouble::CountersJson() const {
  const GrpcCounters grpc = grpc_counters();
  const nlohmann::ordered_json counters = {{"rest_requests", rest_server_.request_count()},
                                           {"rest_bytes_received", rest_server_.bytes_received()},
                                           {"rest_bytes_sent", rest_server_.bytes_sent()},
                                           {"grpc_health_checks", grpc.health_checks},
                                           {"grpc_upserts", grpc.upserts},
                                           {"grpc_upsert_bytes", grpc.upsert_bytes},
                                           {"upserts", store_.upserts()},
                                           {"points", store_.upserted()}};
  return counters.dump();
}

}  // namespace dsw::doubles
