// SPDX-License-Identifier: Apache-2.0
//
// Stands in for a Qdrant server: both interfaces over one store. It refuses what Qdrant refuses,
// with its statuses and texts.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

#include "tests/doubles/journal.h"
#include "tests/doubles/qdrant/grpc_service.h"
#include "tests/doubles/qdrant/rest_api.h"
#include "tests/doubles/qdrant/script.h"
#include "tests/doubles/qdrant/store.h"
#include "tests/support/http_server.h"

namespace dsw::doubles {

struct QdrantOptions {
  StoreOptions store{};
  QdrantKeys keys{};
  bool grpc = true;
  int rest_port = 0;  ///< 0: any free one.
  int grpc_port = 0;
  std::uint64_t max_body_bytes = 33'554'432;
  std::chrono::milliseconds keep_alive{5000};
  /// An exchange over REST a line, as JSON; empty: none.
  std::filesystem::path capture{};
};

/// Thread-safe.
class QdrantDouble {
 public:
  explicit QdrantDouble(const QdrantOptions& options = {});

  std::string rest_url() const { return rest_server_.Url(); }
  std::string grpc_url() const { return "http://127.0.0.1:" + std::to_string(grpc_port_); }
  int grpc_port() const { return grpc_port_; }

  Store& store() { return store_; }
  QdrantScript& script() { return script_; }
  const RawHttpServer& rest() const { return rest_server_; }
  GrpcCounters grpc_counters() const;

  /// Ends the gRPC server with its connections, or brings one up on the same port.
  void StopGrpc();
  void StartGrpc();
  /// Requests, points and bytes, as one JSON object.
  std::string CountersJson() const;

 private:
  HttpReply Answer(const ReceivedRequest& request);

  const QdrantOptions options_;
  Journal journal_;
  Store store_;
  QdrantScript script_;
  QdrantRest rest_api_;
  RawHttpServer rest_server_;
  int grpc_port_ = 0;
  mutable std::mutex mutex_;
  std::unique_ptr<QdrantGrpc> grpc_;  // Guarded by mutex_.
  GrpcCounters ended_;                // Of servers that were stopped. Guarded by mutex_.
};

}  // namespace dsw::doubles
