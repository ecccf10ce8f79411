// SPDX-License-Identifier: Apache-2.0
//
// Qdrant's REST API over a Store.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "tests/doubles/qdrant/script.h"
#include "tests/doubles/qdrant/store.h"
#include "tests/support/http_server.h"

namespace dsw::doubles {

/// Who may do what; empty: a key that does not exist, and everybody may do everything without
/// `api_key`.
struct QdrantKeys {
  std::string api_key;
  std::string read_only_key;

  /// Throws the Refusal for a request with this key, "" for none.
  void Check(std::string_view key, bool writes) const;
};

/// Thread-safe.
class QdrantRest {
 public:
  QdrantRest(Store& store, QdrantScript& script, QdrantKeys keys, bool fast)
      : store_(store), script_(script), keys_(std::move(keys)), fast_(fast) {}

  HttpReply Answer(const ReceivedRequest& request);

 private:
  HttpReply Route(const ReceivedRequest& request);
  HttpReply RouteCollection(const ReceivedRequest& request, const std::string& name,
                            const std::string& rest);
  /// Does the operation with its scripted failure.
  template <class Operation>
  HttpReply Run(const std::string& operation, Operation&& body);
  HttpReply Update(const std::string& status);

  Store& store_;
  QdrantScript& script_;
  const QdrantKeys keys_;
  const bool fast_;
  std::atomic<std::uint64_t> operation_id_{0};
};

/// The text that Qdrant sends for a body of this size, and closes the connection.
HttpReply BodyTooLarge(std::uint64_t size, std::uint64_t limit);

}  // namespace dsw::doubles
