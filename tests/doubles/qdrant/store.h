// SPDX-License-Identifier: Apache-2.0
//
// The collections and points of the Qdrant double, with Qdrant's checks and texts.
#pragma once

#include <chrono>
#include <condition_variable>
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
  /// Whoever asks for more has to be content with it.
  std::chrono::milliseconds longest_wait{300'000};
  std::string version = "1.19.0";  ///< What came later is not understood, and not refused.
};

/// How a write is to be done.
struct WriteOptions {
  bool wait = false;
  std::chrono::seconds timeout{0};  ///< How long to wait; 0: as long as it takes.
  nlohmann::json filter{};          ///< Stored points that do not match stay as they are.
};

struct StoredPoint {
  std::vector<float> vector;
  nlohmann::json payload;
};

/// Numbers before UUIDs.
struct IdOrder {
  bool operator()(const std::string& a, const std::string& b) const {
    const bool a_number = a.front() != '"';
    if (a_number != (b.front() != '"')) return a_number;
    if (a_number && a.size() != b.size()) return a.size() < b.size();
    return a < b;
  }
};

/// Points by their ids in JSON, as `17` and `"5c56c793-…"`.
using StoredPoints = std::map<std::string, StoredPoint, IdOrder>;

struct IncomingPoint {
  std::string id;  ///< In JSON; see CheckedId.
  std::vector<float> vector;
  nlohmann::json payload;
};

/// The id as Qdrant prints it; throws a Refusal for what is neither a number nor a UUID.
std::string CheckedId(const nlohmann::json& id);
std::string CheckedUuid(std::string_view text);

/// In a collection with "prevent_unoptimized", points beyond the "indexing_threshold" are hidden
/// from all that reads until Optimize; who waits for a write waits for that. Thread-safe.
/// Operations throw a Refusal.
class Store {
 public:
  explicit Store(const StoreOptions& options);

  void Create(const std::string& name, const nlohmann::json& settings);
  /// PATCH: "metadata" is merged, the settings that are given replace others.
  void Change(const std::string& name, const nlohmann::json& changes);
  /// As GET /collections/NAME describes it.
  nlohmann::json Describe(const std::string& name) const;
  bool Exists(const std::string& name) const;
  bool Drop(const std::string& name);
  std::vector<std::string> Names() const;
  std::string AddIndex(const std::string& name, const std::string& field,
                       const nlohmann::json& schema, const WriteOptions& write);
  void SetAlias(const std::string& alias, const std::string& collection);
  void DropAlias(const std::string& alias);
  nlohmann::json Aliases() const;

  /// Takes points; returns "completed", "acknowledged" or "wait_timeout".
  std::string Upsert(const std::string& name, std::vector<IncomingPoint> points,
                     const WriteOptions& write);
  std::string Remove(const std::string& name, const std::vector<std::string>& ids,
                     const WriteOptions& write);
  std::string RemoveMatching(const std::string& name, const nlohmann::json& filter,
                             const WriteOptions& write);
  StoredPoints Points(const std::string& name) const;
  std::size_t Count(const std::string& name) const;
  /// Throws the Refusal of strict mode, where it is too many for one request.
  void CheckQueryLimit(const std::string& name, std::size_t limit) const;
  const std::string& version() const { return options_.version; }

  /// Ends the hiding of the points that are there.
  void Optimize(const std::string& name);
  std::size_t Hidden(const std::string& name) const;
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
    StoredPoints hidden;

    bool HidesNext() const;
    nlohmann::json Strict() const;
    void Put(IncomingPoint& point, const nlohmann::json& filter);
  };
  struct Pending {
    std::string collection;
    std::chrono::steady_clock::time_point due;
    std::function<void()> apply;
  };

  // All of these want mutex_ held.
  std::string Resolve(const std::string& name) const;
  Collection& Find(const std::string& name) const;
  void ApplyDue() const;
  std::string Apply(std::unique_lock<std::mutex>& lock, const std::string& name,
                    const WriteOptions& write, std::function<void(Collection&)> change);

  const StoreOptions options_;
  const int minor_;  ///< Of the version.
  mutable std::mutex mutex_;
  std::condition_variable optimized_;
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
