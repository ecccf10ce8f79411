// SPDX-License-Identifier: Apache-2.0
//
// The collections and points of the Qdrant double, with Qdrant's checks and texts.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/doubles/qdrant/refusal.h"
#include "tests/doubles/rate.h"

namespace dsw::doubles {

struct StoreOptions {
  bool fast = false;  ///< Checks the sizes of vectors and keeps no points.
  std::size_t strict_upsert_max_batchsize = 0;  ///< Points per request; 0: any number.
  double write_rate_per_minute = 0;             ///< Points; 0: any number.
};

struct StoredPoint {
  std::vector<float> vector;
  nlohmann::json payload;
};

/// Points by their ids in JSON, as `17` and `"5c56c793-…"`.
using StoredPoints = std::map<std::string, StoredPoint>;

struct IncomingPoint {
  std::string id;  ///< In JSON; see CheckedId.
  std::vector<float> vector;
  nlohmann::json payload;
};

/// The id as Qdrant prints it; throws a Refusal for what is neither a number nor a UUID.
std::string CheckedId(const nlohmann::json& id);
std::string CheckedUuid(std::string_view text);

/// Thread-safe. Operations throw a Refusal.
class Store {
 public:
  explicit Store(const StoreOptions& options) : options_(options) {}

  void Create(const std::string& name, const nlohmann::json& settings);
  /// As GET /collections/NAME describes it.
  nlohmann::json Describe(const std::string& name) const;
  bool Exists(const std::string& name) const;
  bool Drop(const std::string& name);
  std::vector<std::string> Names() const;
  void AddIndex(const std::string& name, const std::string& field, const nlohmann::json& schema);
  void SetAlias(const std::string& alias, const std::string& collection);
  void DropAlias(const std::string& alias);
  nlohmann::json Aliases() const;

  /// Takes points; returns "completed", "acknowledged" or "wait_timeout".
  std::string Upsert(const std::string& name, std::vector<IncomingPoint> points, bool wait);
  std::string Remove(const std::string& name, const std::vector<std::string>& ids, bool wait);
  StoredPoints Points(const std::string& name) const;
  std::size_t Count(const std::string& name) const;

  /// The next update is noted only, and made `after` that.
  void DelayNextUpdate(std::chrono::milliseconds after);
  /// Points that came in, again and again included.
  std::uint64_t upserted() const;
  std::uint64_t upserts() const;

 private:
  struct Collection {
    std::size_t size = 0;
    std::string distance;
    nlohmann::json settings;
    nlohmann::json payload_schema = nlohmann::json::object();
    StoredPoints points;
  };
  struct Pending {
    std::chrono::steady_clock::time_point due;
    std::function<void()> apply;
  };

  // All of these want mutex_ held.
  std::string Resolve(const std::string& name) const;
  Collection& Find(const std::string& name) const;
  void ApplyDue() const;
  std::string Apply(bool wait, std::function<void()> change);

  const StoreOptions options_;
  mutable std::mutex mutex_;
  // All of the following is guarded by mutex_.
  mutable std::map<std::string, Collection> collections_;
  std::map<std::string, std::string> aliases_;
  mutable std::vector<Pending> pending_;
  std::optional<std::chrono::milliseconds> delay_next_;
  TokenBucket writes_{options_.write_rate_per_minute};
  std::uint64_t upserted_ = 0;
  std::uint64_t upserts_ = 0;
};

}  // namespace dsw::doubles
