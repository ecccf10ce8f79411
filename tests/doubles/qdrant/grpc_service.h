// SPDX-License-Identifier: Apache-2.0
//
// Qdrant's gRPC interface over a Store, with the gRPC library: an implementation of framing and
// messages that shares nothing with the plugin's.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "tests/doubles/qdrant/rest_api.h"
#include "tests/doubles/qdrant/script.h"
#include "tests/doubles/qdrant/store.h"

namespace qdrant {
class Value;
}

namespace dsw::doubles {

struct GrpcCounters {
  std::uint64_t health_checks = 0;
  std::uint64_t upserts = 0;
  std::uint64_t upsert_bytes = 0;  ///< Of messages, without frames.
};

/// Listens on 127.0.0.1 until it is destroyed. Thread-safe.
class QdrantGrpc {
 public:
  /// Throws when it cannot listen. `port` 0 is any free one.
  QdrantGrpc(Store& store, QdrantScript& script, QdrantKeys keys, bool fast,
             const std::string& version, int port);
  ~QdrantGrpc();

  int port() const { return port_; }
  GrpcCounters counters() const;

 private:
  struct Services;

  std::unique_ptr<Services> services_;
  int port_ = 0;
};

/// A payload's value as REST would show it.
nlohmann::json JsonOf(const ::qdrant::Value& value);

}  // namespace dsw::doubles
