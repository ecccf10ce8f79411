// SPDX-License-Identifier: Apache-2.0
#include "plugins/sink_sqlite/store.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <vector>

#include "plugins/sink_sqlite/config.h"
#include "plugins/sink_sqlite/distance.h"

#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "vectors are stored as they are in memory, which has to be little-endian"
#endif

namespace dsw::sqlite {
namespace {

constexpr char kCreateRegistry[] =
    "CREATE TABLE IF NOT EXISTS collections ("
    "id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, dimensions INTEGER NOT NULL, "
    "distance TEXT NOT NULL, maker TEXT NOT NULL DEFAULT '')";

/// The token that a stored point was written with. What is no JSON was not written by a worker.
constexpr char kStoredToken[] =
    "CASE WHEN json_valid(payload) "
    "THEN coalesce(CAST(json_extract(payload, '$." DSW_STAMP_KEY ".t') AS INTEGER), 0) ELSE 0 END";

std::string NotLaterThan(std::int64_t fence) {
  return std::string(kStoredToken) + " <= " + std::to_string(fence);
}

/// Files from before collections had a maker.
void AddMakerColumn(Connection& connection) {
  Statement present =
      connection.Prepare("SELECT 1 FROM pragma_table_info('collections') WHERE name = 'maker'");
  if (present.Step()) return;
  connection.Execute("ALTER TABLE collections ADD COLUMN maker TEXT NOT NULL DEFAULT ''");
}

bool IsEmpty(Connection& connection, const std::string& table) {
  return !connection.Prepare("SELECT 1 FROM " + table + " LIMIT 1").Step();
}

std::string Quoted(std::string_view name) {
  return "\"" + std::string(name) + "\"";
}

std::string Shape(std::uint32_t dimensions, std::uint32_t distance) {
  return std::to_string(dimensions) + " dimensions and distance " + DistanceName(distance);
}

void CheckSpec(const dsw_collection_spec& spec) {
  constexpr std::uint32_t kCritical = 0xffff;
  if ((spec.flags & kCritical & ~DSW_COLLECTION_MUST_EXIST) != 0) {
    throw Failure(DSW_E_UNSUPPORTED, "sqlite: unknown flag in the collection's specification");
  }
  if (spec.dimensions == 0) {
    throw Failure(DSW_E_INVALID_REQUEST, "sqlite: a collection needs at least one dimension");
  }
  if (DistanceName(spec.distance).empty()) {
    throw Failure(DSW_E_INVALID_REQUEST,
                  "sqlite: unknown distance " + std::to_string(spec.distance));
  }
}

/// A point's place among the nearest so far.
struct Candidate {
  double score = 0;
  std::int64_t row = 0;
};

}  // namespace

Store::Store(const dsw_host& host, std::string_view config_json)
    : host_(host), path_(ParseConfig(config_json).path) {}

void Store::EnsureCollection(const dsw_call& call, const dsw_collection_spec& spec) {
  MakeUsable(call, spec);
}

void Store::Ensure(const dsw_call& call, const dsw_collection_spec& spec,
                   const dsw_collection_out& out) {
  const State state = MakeUsable(call, spec);
  TellState(out, state.flags, state.maker);
}

Store::State Store::MakeUsable(const dsw_call& call, const dsw_collection_spec& spec) {
  CheckSpec(spec);
  const std::string_view name = View(spec.name);
  const Turn turn(*this, call);
  Connection& connection = Writer(turn, call);
  State state;
  connection.Transaction([&] {
    AddMakerColumn(connection);
    Collection found;
    if (Lookup(connection, name, found)) {
      if (found.dimensions == spec.dimensions && found.distance == spec.distance) {
        if (IsEmpty(connection, found.table)) state.flags |= DSW_COLLECTION_EMPTY;
        Statement maker = connection.Prepare("SELECT maker FROM collections WHERE name = ?");
        maker.BindText(1, name);
        maker.Step();
        state.maker = maker.Text(0);
        return;
      }
      throw Failure(DSW_E_CONFLICT,
                    "sqlite: collection " + Quoted(name) + " has " +
                        Shape(found.dimensions, found.distance) + ", not " +
                        Shape(spec.dimensions, spec.distance) +
                        ": embed into another collection, or with a model of its size");
    }
    if ((spec.flags & DSW_COLLECTION_MUST_EXIST) != 0) {
      throw Failure(DSW_E_NOT_FOUND, "sqlite: there is no collection " + Quoted(name) + " in " +
                                         path_ +
                                         ", and none is to be made (QDRANT_CREATE_COLLECTION)");
    }
    const std::string distance = DistanceName(spec.distance);
    Statement insert = connection.Prepare(
        "INSERT INTO collections (name, dimensions, distance) VALUES (?, ?, ?) RETURNING id");
    insert.BindText(1, name);
    insert.BindInt(2, spec.dimensions);
    insert.BindText(3, distance);
    insert.Step();
    const std::string table = "points_" + std::to_string(insert.Int(0));
    insert.Step();
    connection.Execute("CREATE TABLE " + table +
                       " (id TEXT PRIMARY KEY, vector BLOB NOT NULL, payload TEXT NOT NULL)");
    state.flags = DSW_COLLECTION_CREATED | DSW_COLLECTION_EMPTY;
  });
  return state;
}

void Store::SetMaker(const dsw_call& call, std::string_view collection, std::string_view maker) {
  const Turn turn(*this, call);
  Connection& connection = Writer(turn, call);
  connection.Transaction([&] {
    (void)Find(connection, collection);
    AddMakerColumn(connection);
    Statement update = connection.Prepare("UPDATE collections SET maker = ? WHERE name = ?");
    update.BindText(1, maker);
    update.BindText(2, collection);
    update.Step();
  });
}

void Store::Upsert(const dsw_call& call, std::string_view collection, const dsw_points& points) {
  const Turn turn(*this, call);
  Connection& connection = Writer(turn, call);
  connection.Transaction([&] {
    const Collection target = Find(connection, collection);
    if (target.dimensions != points.dimensions) {
      throw Failure(DSW_E_CONFLICT, "sqlite: collection " + Quoted(collection) + " has " +
                                        std::to_string(target.dimensions) +
                                        " dimensions, the points have " +
                                        std::to_string(points.dimensions));
    }
    std::string sql = "INSERT INTO " + target.table +
                      " (id, vector, payload) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
                      "vector = excluded.vector, payload = excluded.payload";
    if (const std::int64_t fence = FenceOf(points); fence != 0) {
      sql += " WHERE " + NotLaterThan(fence);
    }
    Statement upsert = connection.Prepare(sql);
    const char* row = reinterpret_cast<const char*>(points.vectors);
    for (std::size_t i = 0; i < points.count; ++i, row += points.row_stride_bytes) {
      upsert.BindText(1, View(points.ids[i]));
      upsert.BindBlob(2, row, points.dimensions * sizeof(float));
      upsert.BindText(3, View(points.payloads[i]));
      upsert.Step();
      upsert.Reset();
    }
  });
}

void Store::Remove(const dsw_call& call, std::string_view collection, const dsw_str* ids,
                   std::size_t count, std::int64_t fence) {
  const Turn turn(*this, call);
  Connection& connection = Writer(turn, call);
  connection.Transaction([&] {
    const Collection target = Find(connection, collection);
    Statement remove = connection.Prepare("DELETE FROM " + target.table + " WHERE id = ?" +
                                          (fence == 0 ? "" : " AND " + NotLaterThan(fence)));
    for (std::size_t i = 0; i < count; ++i) {
      remove.BindText(1, View(ids[i]));
      remove.Step();
      remove.Reset();
    }
  });
}

std::uint64_t Store::Count(const dsw_call& call, std::string_view collection) {
  const std::unique_ptr<Connection> connection = Open(call);
  const Collection target = Find(*connection, collection);
  Statement count = connection->Prepare("SELECT count(*) FROM " + target.table);
  count.Step();
  return static_cast<std::uint64_t>(count.Int(0));
}

void Store::Scan(const dsw_call& call, std::string_view collection, std::string_view after,
                 std::uint32_t limit, const dsw_scan_out& out) {
  const std::unique_ptr<Connection> connection = Open(call);
  const Collection target = Find(*connection, collection);
  Statement scan = connection->Prepare(
      "SELECT id, CASE WHEN json_valid(payload) THEN payload -> '$." DSW_STAMP_KEY "' END FROM " +
      target.table + " WHERE id > ? ORDER BY id LIMIT ?");
  scan.BindText(1, after);
  scan.BindInt(2, limit);
  while (scan.Step()) {
    CheckCall(host_, call);
    TellPoint(out, scan.Text(0), scan.Text(1));
  }
}

void Store::Search(const dsw_call& call, std::string_view collection, const float* vector,
                   std::uint32_t dimensions, std::uint32_t limit, const dsw_search_out& out) {
  constexpr std::uint64_t kRowsPerCheck = 1024;
  const std::unique_ptr<Connection> connection = Open(call);
  connection->Execute("BEGIN");  // One snapshot for both statements.
  const Collection target = Find(*connection, collection);
  if (target.dimensions != dimensions) {
    throw Failure(DSW_E_CONFLICT, "sqlite: collection " + Quoted(collection) + " has " +
                                      std::to_string(target.dimensions) +
                                      " dimensions, the query has " + std::to_string(dimensions));
  }

  const Scorer scorer(target.distance, vector, dimensions);
  const auto nearer = [&](const Candidate& a, const Candidate& b) {
    if (a.score != b.score) return scorer.Nearer(a.score, b.score);
    return a.row < b.row;
  };
  std::vector<Candidate> nearest;  // A heap with the farthest of them on top.
  std::vector<float> stored(dimensions);
  Statement scan = connection->Prepare("SELECT rowid, vector FROM " + target.table);
  for (std::uint64_t rows = 0; limit > 0 && scan.Step(); ++rows) {
    if (rows % kRowsPerCheck == 0) CheckCall(host_, call);
    const std::string_view blob = scan.Blob(1);
    if (blob.size() != stored.size() * sizeof(float)) {
      throw Failure(DSW_E_INTERNAL, "sqlite: " + path_ + ": a vector of collection " +
                                        Quoted(collection) +
                                        " is not of its size; something else wrote it");
    }
    std::memcpy(stored.data(), blob.data(), blob.size());
    const Candidate candidate{scorer.Score(stored.data()), scan.Int(0)};
    if (nearest.size() == limit) {
      if (!nearer(candidate, nearest.front())) continue;
      std::pop_heap(nearest.begin(), nearest.end(), nearer);
      nearest.pop_back();
    }
    nearest.push_back(candidate);
    std::push_heap(nearest.begin(), nearest.end(), nearer);
  }
  std::sort_heap(nearest.begin(), nearest.end(), nearer);

  Statement fetch =
      connection->Prepare("SELECT id, payload FROM " + target.table + " WHERE rowid = ?");
  for (const Candidate& candidate : nearest) {
    fetch.BindInt(1, candidate.row);
    fetch.Step();
    const std::string_view id = fetch.Text(0);
    const std::string_view payload = fetch.Text(1);
    dsw_hit hit{};
    hit.struct_size = sizeof hit;
    hit.id = Str(id);
    hit.payload = Str(payload);
    hit.score = candidate.score;
    out.hit(&out, &hit);
    fetch.Reset();
  }
}

void Store::Health(const dsw_call& call) {
  if (Open(call)->ReadOnly()) {
    throw Failure(DSW_E_UNAVAILABLE, "sqlite: " + path_ + " cannot be written to");
  }
}

bool Store::Lookup(Connection& connection, std::string_view name, Collection& found) {
  Statement select =
      connection.Prepare("SELECT id, dimensions, distance FROM collections WHERE name = ?");
  select.BindText(1, name);
  if (!select.Step()) return false;
  found.table = "points_" + std::to_string(select.Int(0));
  found.dimensions = static_cast<std::uint32_t>(select.Int(1));
  found.distance = DistanceOf(std::string(select.Text(2)));
  return true;
}

Store::Collection Store::Find(Connection& connection, std::string_view name) const {
  Collection found;
  if (!Lookup(connection, name, found)) {
    throw Failure(DSW_E_NOT_FOUND, "sqlite: there is no collection " + Quoted(name) + " in " +
                                       path_ + "; it is made when a job first embeds into it");
  }
  return found;
}

// Why not a timed mutex: ThreadSanitizer of gcc 12 does not know the call behind it.
Store::Turn::Turn(Store& store, const dsw_call& call) : store_(store) {
  constexpr std::chrono::milliseconds kBetweenChecks{50};
  std::unique_lock lock(store.mutex_);
  while (!store.turn_ended_.wait_for(lock, kBetweenChecks, [&] { return !store.writing_; })) {
    CheckCall(store.host_, call);
  }
  store.writing_ = true;
}

Store::Turn::~Turn() {
  {
    const std::lock_guard lock(store_.mutex_);
    store_.writing_ = false;
  }
  store_.turn_ended_.notify_one();
}

Connection& Store::Writer(const Turn&, const dsw_call& call) {
  // What is written to a file without a name is lost.
  if (writer_ != nullptr && !writer_->IsCurrent()) writer_.reset();
  if (writer_ == nullptr) {
    writer_ = Open(call);
  } else {
    writer_->UseCall(host_, call);
  }
  return *writer_;
}

std::unique_ptr<Connection> Store::Open(const dsw_call& call) {
  CheckCall(host_, call);
  auto connection = std::make_unique<Connection>(path_);
  connection->UseCall(host_, call);
  connection->Execute(kCreateRegistry);
  return connection;
}

}  // namespace dsw::sqlite
