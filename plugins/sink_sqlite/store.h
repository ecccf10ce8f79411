// SPDX-License-Identifier: Apache-2.0
//
// Collections of points in one SQLite file.
//
// Table `collections` has a row per collection: id, name, dimensions, distance, maker. Its points
// are in table `points_<id>`: id, vector (float32, little-endian), payload (JSON). What an
// operation wrote is on disk when it returns, all of it or nothing. Any number of threads and
// processes may use the file at once: writers wait for each other, readers see the last commit. A
// file that was moved away or deleted meanwhile is made anew.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include <dsw/plugin.hpp>

#include "plugins/sink_sqlite/connection.h"

namespace dsw::sqlite {

/// Thread-safe. Operations throw dsw::Failure; nothing is opened before the first of them.
class Store {
 public:
  Store(const dsw_host& host, std::string_view config_json);
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// DSW_E_CONFLICT, with both shapes, when it exists in another one; DSW_E_NOT_FOUND when it does
  /// not exist and must.
  void EnsureCollection(const dsw_call& call, const dsw_collection_spec& spec);
  /// The same, and what the collection is.
  void Ensure(const dsw_call& call, const dsw_collection_spec& spec, const dsw_collection_out& out);
  void SetMaker(const dsw_call& call, std::string_view collection, std::string_view maker);
  /// Points with the ids of stored ones replace them, but for those of a later fence.
  void Upsert(const dsw_call& call, std::string_view collection, const dsw_points& points);
  /// Points of a fence that is larger than `fence`, unless that is 0, stay.
  void Remove(const dsw_call& call, std::string_view collection, const dsw_str* ids,
              std::size_t count, std::int64_t fence = 0);
  std::uint64_t Count(const dsw_call& call, std::string_view collection);
  /// In the order of ids as text; `after` empty: from the first.
  void Scan(const dsw_call& call, std::string_view collection, std::string_view after,
            std::uint32_t limit, const dsw_scan_out& out);
  /// Compares with every point; memory is that of the answers.
  void Search(const dsw_call& call, std::string_view collection, const float* vector,
              std::uint32_t dimensions, std::uint32_t limit, const dsw_search_out& out);
  void Health(const dsw_call& call);

 private:
  struct Collection {
    std::string table;
    std::uint32_t dimensions = 0;
    std::uint32_t distance = 0;
  };

  struct State {
    std::uint32_t flags = 0;  ///< DSW_COLLECTION_CREATED, DSW_COLLECTION_EMPTY.
    std::string maker;
  };

  State MakeUsable(const dsw_call& call, const dsw_collection_spec& spec);
  /// Throws DSW_E_NOT_FOUND.
  Collection Find(Connection& connection, std::string_view name) const;
  static bool Lookup(Connection& connection, std::string_view name, Collection& found);
  /// The right to write, of one thread at a time.
  class Turn {
   public:
    /// Waits for the other writers of this instance no longer than the call may take.
    Turn(Store& store, const dsw_call& call);
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    Store& store_;
  };
  /// The connection that writes.
  Connection& Writer(const Turn& turn, const dsw_call& call);
  std::unique_ptr<Connection> Open(const dsw_call& call);

  const dsw_host& host_;
  const std::string path_;
  std::mutex mutex_;
  std::condition_variable turn_ended_;
  bool writing_ = false;                // Guarded by mutex_.
  std::unique_ptr<Connection> writer_;  // Belongs to whoever has the turn.
};

}  // namespace dsw::sqlite
