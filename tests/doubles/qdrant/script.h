// SPDX-License-Identifier: Apache-2.0
//
// Failures that a test puts into the double's mouth.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "tests/doubles/qdrant/refusal.h"

namespace dsw::doubles {

struct QdrantFault {
  std::optional<Refusal> refusal{};    ///< Instead of the operation.
  std::chrono::milliseconds delay{0};  ///< Before the answer, after the operation.
  bool reset = false;                  ///< REST: the connection is reset instead of an answer.
  bool apply = true;                   ///< Whether the operation is done before that.
};

/// By operation: "upsert", "create", "describe", "index", "retrieve", "remove", "count", "query",
/// "scroll", "change", "collections", "readyz", "HealthCheck". Thread-safe.
class QdrantScript {
 public:
  /// For the next request of that operation that has no failure yet.
  void Add(const std::string& operation, QdrantFault fault) {
    const std::lock_guard lock(mutex_);
    faults_[operation].push_back(std::move(fault));
  }
  QdrantFault Take(const std::string& operation) {
    const std::lock_guard lock(mutex_);
    auto& queue = faults_[operation];
    if (queue.empty()) return {};
    QdrantFault fault = std::move(queue.front());
    queue.pop_front();
    return fault;
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::deque<QdrantFault>> faults_;  // Guarded by mutex_.
};

}  // namespace dsw::doubles
