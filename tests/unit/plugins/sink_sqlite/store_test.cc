// SPDX-License-Identifier: Apache-2.0
#include "plugins/sink_sqlite/store.h"

#include <atomic>
#include <cmath>
#include <ctime>
#include <functional>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/temp_dir.h"

namespace dsw::sqlite {
namespace {

std::uint64_t MonotonicNs(const dsw_host*) {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u +
         static_cast<std::uint64_t>(now.tv_nsec);
}

const dsw_host& Host() {
  static const dsw_host host = [] {
    dsw_host made{};
    made.struct_size = sizeof made;
    made.now_mono_ns = &MonotonicNs;
    return made;
  }();
  return host;
}

dsw_call MakeCall(std::uint64_t deadline_in_ms = 30'000) {
  dsw_call call{};
  call.struct_size = sizeof call;
  call.cancel_fd = -1;
  call.deadline_mono_ns = MonotonicNs(nullptr) + deadline_in_ms * 1'000'000u;
  return call;
}

struct Answer {
  std::string id;
  std::string payload;
  double score;
};

/// Points on their way in; the vector of point i is made of `first` + i.
struct Made {
  std::vector<std::string> ids;
  std::vector<std::string> payloads;
  std::vector<float> vectors;
  std::vector<dsw_str> id_views;
  std::vector<dsw_str> payload_views;
  dsw_points points{};

  Made(int first, int count, std::uint32_t dimensions = 2, const std::string& tag = "",
       std::int64_t fence = 0) {
    for (int i = first; i < first + count; ++i) {
      ids.push_back("id-" + std::to_string(i));
      payloads.push_back("{\"n\":" + std::to_string(i) + tag + "}");
      for (std::uint32_t d = 0; d < dimensions; ++d) {
        vectors.push_back(static_cast<float>(d == 0 ? i : 1));
      }
    }
    for (const std::string& id : ids) id_views.push_back(Str(id));
    for (const std::string& payload : payloads) payload_views.push_back(Str(payload));
    points = {sizeof points,        dimensions,     ids.size(),
              id_views.data(),      vectors.data(), dimensions * sizeof(float),
              payload_views.data(), fence};
  }
};

/// A tag for Made: the stamp of a worker with this token.
std::string Stamped(int token) {
  return ",\"_dsw\":{\"ed\":7,\"t\":" + std::to_string(token) + "}";
}

struct Told {
  std::uint32_t flags = 0;
  std::string maker;
};

class SqliteStoreTest : public testing::Test {
 protected:
  std::unique_ptr<Store> Open() const {
    return std::make_unique<Store>(Host(), "{\"path\":\"" + path_ + "\"}");
  }
  static void Ensure(Store& store, std::string_view name, std::uint32_t dimensions = 2,
                     std::uint32_t distance = DSW_DISTANCE_DOT, std::uint32_t flags = 0) {
    const dsw_collection_spec spec{sizeof spec, dimensions, Str(name), distance, flags};
    store.EnsureCollection(MakeCall(), spec);
  }
  static Told EnsureAndTell(Store& store, std::string_view name) {
    Told told;
    const dsw_collection_out out{
        sizeof out, 0, &told,
        [](const dsw_collection_out* self, const dsw_collection_state* state) {
          *static_cast<Told*>(self->ctx) = {state->flags, std::string(View(state->maker))};
        }};
    store.Ensure(MakeCall(), {sizeof(dsw_collection_spec), 2, Str(name), DSW_DISTANCE_DOT, 0}, out);
    return told;
  }
  /// Ids and stamps of a page, one after the other.
  static std::vector<std::string> Page(Store& store, std::string_view name, std::string_view after,
                                       std::uint32_t limit) {
    std::vector<std::string> page;
    const dsw_scan_out out{
        sizeof out, 0, &page, [](const dsw_scan_out* self, const dsw_point_stamp* point) {
          static_cast<std::vector<std::string>*>(self->ctx)->push_back(
              std::string(View(point->id)) + " " + std::string(View(point->stamp)));
        }};
    store.Scan(MakeCall(), name, after, limit, out);
    return page;
  }
  static std::vector<Answer> Search(Store& store, std::string_view name,
                                    const std::vector<float>& query, std::uint32_t limit) {
    std::vector<Answer> answers;
    dsw_search_out out{
        sizeof out, 0, &answers, [](const dsw_search_out* self, const dsw_hit* hit) {
          static_cast<std::vector<Answer>*>(self->ctx)->push_back(
              {std::string(View(hit->id)), std::string(View(hit->payload)), hit->score});
        }};
    store.Search(MakeCall(), name, query.data(), static_cast<std::uint32_t>(query.size()), limit,
                 out);
    return answers;
  }
  /// The ids that a search answers with, one after the other.
  static std::string Found(Store& store, std::string_view name, const std::vector<float>& query,
                           std::uint32_t limit) {
    std::string ids;
    for (const Answer& answer : Search(store, name, query, limit)) ids += answer.id + " ";
    return ids;
  }
  static void ExpectFailure(dsw_status category, const std::string& words,
                            const std::function<void()>& body) {
    try {
      body();
      ADD_FAILURE() << "succeeded, expected: " << words;
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.error().category, category) << failure.what();
      EXPECT_NE(std::string(failure.what()).find(words), std::string::npos) << failure.what();
    }
  }

  const TempDir directory_;
  const std::string path_ = directory_ / "vectors.sqlite";
};

TEST_F(SqliteStoreTest, CreatingAnInstanceTouchesNothing) {
  const auto store = Open();
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(SqliteStoreTest, StoresAndReplacesPoints) {
  const auto store = Open();
  Ensure(*store, "c");
  store->Upsert(MakeCall(), "c", Made(1, 3).points);
  store->Upsert(MakeCall(), "c", Made(3, 2, 2, ",\"new\":1").points);
  EXPECT_EQ(store->Count(MakeCall(), "c"), 4u);
  const std::vector<Answer> answers = Search(*store, "c", {1, 0}, 10);
  ASSERT_EQ(answers.size(), 4u);
  EXPECT_EQ(answers[0].id, "id-4");
  EXPECT_DOUBLE_EQ(answers[0].score, 4);
  EXPECT_EQ(answers[1].payload, "{\"n\":3,\"new\":1}");
  EXPECT_EQ(answers[3].payload, "{\"n\":1}");
}

TEST_F(SqliteStoreTest, TellsWhetherACollectionIsNewEmptyAndByWhom) {
  const auto store = Open();
  Told told = EnsureAndTell(*store, "c");
  EXPECT_EQ(told.flags, DSW_COLLECTION_CREATED | DSW_COLLECTION_EMPTY);
  EXPECT_EQ(told.maker, "");
  store->SetMaker(MakeCall(), "c", "{\"model\":\"m\"}");
  told = EnsureAndTell(*store, "c");
  EXPECT_EQ(told.flags, DSW_COLLECTION_EMPTY);
  EXPECT_EQ(told.maker, "{\"model\":\"m\"}");
  store->Upsert(MakeCall(), "c", Made(1, 1).points);
  store->SetMaker(MakeCall(), "c", "other");
  told = EnsureAndTell(*Open(), "c");
  EXPECT_EQ(told.flags, 0u);
  EXPECT_EQ(told.maker, "other");
  ExpectFailure(DSW_E_NOT_FOUND, "\"d\"", [&] { store->SetMaker(MakeCall(), "d", "x"); });
}

TEST_F(SqliteStoreTest, TakesFilesFromBeforeCollectionsHadAMaker) {
  {
    Connection old(path_);
    old.Execute(
        "CREATE TABLE collections (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, "
        "dimensions INTEGER NOT NULL, distance TEXT NOT NULL)");
    old.Execute("INSERT INTO collections VALUES (1, 'c', 2, 'Dot')");
    old.Execute(
        "CREATE TABLE points_1 (id TEXT PRIMARY KEY, vector BLOB NOT NULL, payload TEXT NOT NULL)");
    old.Execute("INSERT INTO points_1 VALUES ('old', x'0000803f00000000', '{\"n\":0}')");
  }
  const auto store = Open();
  EXPECT_EQ(store->Count(MakeCall(), "c"), 1u) << "before anything is written";
  EXPECT_EQ(Page(*store, "c", "", 5), std::vector<std::string>{"old "});
  const Told told = EnsureAndTell(*store, "c");
  EXPECT_EQ(told.flags, 0u);
  EXPECT_EQ(told.maker, "");
  store->SetMaker(MakeCall(), "c", "m");
  EXPECT_EQ(EnsureAndTell(*store, "c").maker, "m");
  Ensure(*store, "d");
}

TEST_F(SqliteStoreTest, ScansInTheOrderOfIds) {
  const auto store = Open();
  Ensure(*store, "c");
  store->Upsert(MakeCall(), "c", Made(3, 2, 2, Stamped(9)).points);
  store->Upsert(MakeCall(), "c", Made(1, 1).points);
  Connection other(path_);
  other.Execute("INSERT INTO points_1 VALUES ('id-2', x'', 'no json')");
  using Stamps = std::vector<std::string>;
  EXPECT_EQ(Page(*store, "c", "", 2), (Stamps{"id-1 ", "id-2 "}));
  EXPECT_EQ(Page(*store, "c", "id-2", 2),
            (Stamps{"id-3 {\"ed\":7,\"t\":9}", "id-4 {\"ed\":7,\"t\":9}"}));
  EXPECT_EQ(Page(*store, "c", "id-4", 2), Stamps{});
  EXPECT_EQ(Page(*store, "c", "id-35", 9).size(), 1u) << "behind an id that is gone";
}

TEST_F(SqliteStoreTest, ALateWriterDoesNotOverwriteItsSuccessor) {
  const auto store = Open();
  Ensure(*store, "c");
  store->Upsert(MakeCall(), "c", Made(1, 1).points);
  Connection(path_).Execute("INSERT INTO points_1 VALUES ('id-2', x'', 'no json')");
  store->Upsert(MakeCall(), "c", Made(1, 3, 2, Stamped(8), 8).points);
  store->Upsert(MakeCall(), "c", Made(1, 4, 2, Stamped(7), 7).points);
  using Stamps = std::vector<std::string>;
  EXPECT_EQ(Page(*store, "c", "", 9),
            (Stamps{"id-1 {\"ed\":7,\"t\":8}", "id-2 {\"ed\":7,\"t\":8}", "id-3 {\"ed\":7,\"t\":8}",
                    "id-4 {\"ed\":7,\"t\":7}"}));
  store->Upsert(MakeCall(), "c", Made(1, 1, 2, Stamped(8) + ",\"again\":1", 8).points);
  store->Upsert(MakeCall(), "c", Made(2, 1).points);
  EXPECT_EQ(Search(*store, "c", {1, 0}, 9)[3].payload,
            "{\"n\":1,\"_dsw\":{\"ed\":7,\"t\":8},\"again\":1}");
  EXPECT_EQ(Page(*store, "c", "id-1", 1), Stamps{"id-2 "}) << "without a fence all is overwritten";
}

TEST_F(SqliteStoreTest, KeepsEverythingInTheFile) {
  {
    const auto store = Open();
    Ensure(*store, "c");
    store->Upsert(MakeCall(), "c", Made(1, 5).points);
  }
  const auto again = Open();
  Ensure(*again, "c");
  EXPECT_EQ(again->Count(MakeCall(), "c"), 5u);
}

TEST_F(SqliteStoreTest, RemovesByIdAndIgnoresUnknownOnes) {
  const auto store = Open();
  Ensure(*store, "c");
  store->Upsert(MakeCall(), "c", Made(1, 4).points);
  const dsw_str ids[] = {DSW_STR("id-2"), DSW_STR("nobody"), DSW_STR("id-4")};
  store->Remove(MakeCall(), "c", ids, 3);
  EXPECT_EQ(Found(*store, "c", {1, 0}, 9), "id-3 id-1 ");
}

TEST_F(SqliteStoreTest, FindsTheNearestByEachDistance) {
  const auto store = Open();
  Ensure(*store, "dot", 2, DSW_DISTANCE_DOT);
  Ensure(*store, "cosine", 2, DSW_DISTANCE_COSINE);
  Ensure(*store, "euclid", 2, DSW_DISTANCE_EUCLID);
  for (const char* name : {"dot", "cosine", "euclid"}) {
    store->Upsert(MakeCall(), name, Made(1, 9).points);
  }
  EXPECT_EQ(Found(*store, "dot", {1, 0}, 3), "id-9 id-8 id-7 ");
  EXPECT_EQ(Found(*store, "cosine", {1, 1}, 3), "id-1 id-2 id-3 ");
  EXPECT_EQ(Found(*store, "euclid", {5.2f, 1}, 3), "id-5 id-6 id-4 ");
  EXPECT_NEAR(Search(*store, "euclid", {5, 4}, 1)[0].score, 3, 1e-9);
  EXPECT_EQ(Found(*store, "dot", {1, 0}, 0), "");
}

TEST_F(SqliteStoreTest, SearchAgreesWithSortingEverything) {
  const auto store = Open();
  Ensure(*store, "c", 2, DSW_DISTANCE_EUCLID);
  store->Upsert(MakeCall(), "c", Made(0, 2'500).points);
  const std::vector<Answer> answers = Search(*store, "c", {1'200.4f, 1}, 7);
  std::string ids;
  for (const Answer& answer : answers) ids += answer.id + " ";
  EXPECT_EQ(ids, "id-1200 id-1201 id-1199 id-1202 id-1198 id-1203 id-1197 ");
}

TEST_F(SqliteStoreTest, CollectionsMayHaveAnyName) {
  const auto store = Open();
  const std::string names[] = {"a",
                               "A",
                               "sqlite_master",
                               "collections",
                               "x\"; DROP TABLE y; --",
                               "it's",
                               "数据 集",
                               "points_1",
                               "",
                               "a b",
                               std::string(3'000, 'n')};
  int points = 0;
  for (const std::string& name : names) {
    Ensure(*store, name);
    store->Upsert(MakeCall(), name, Made(0, ++points).points);
  }
  points = 0;
  for (const std::string& name : names) {
    EXPECT_EQ(store->Count(MakeCall(), name), static_cast<std::uint64_t>(++points)) << name;
  }
}

TEST_F(SqliteStoreTest, SizeAndDistanceAreFixed) {
  const auto store = Open();
  Ensure(*store, "c", 3, DSW_DISTANCE_COSINE);
  Ensure(*store, "c", 3, DSW_DISTANCE_COSINE);
  ExpectFailure(DSW_E_CONFLICT, "3 dimensions and distance Cosine, not 4 dimensions",
                [&] { Ensure(*store, "c", 4, DSW_DISTANCE_COSINE); });
  ExpectFailure(DSW_E_CONFLICT, "distance Cosine, not 3 dimensions and distance Dot",
                [&] { Ensure(*store, "c", 3, DSW_DISTANCE_DOT); });
  ExpectFailure(DSW_E_CONFLICT, "has 3 dimensions, the points have 2",
                [&] { store->Upsert(MakeCall(), "c", Made(1, 1).points); });
  ExpectFailure(DSW_E_CONFLICT, "has 3 dimensions, the query has 2", [&] {
    Search(*store, "c", {1, 2}, 1);
  });
}

TEST_F(SqliteStoreTest, RefusesSpecificationsItDoesNotUnderstand) {
  const auto store = Open();
  ExpectFailure(DSW_E_INVALID_REQUEST, "distance 9", [&] { Ensure(*store, "c", 2, 9); });
  ExpectFailure(DSW_E_INVALID_REQUEST, "dimension", [&] { Ensure(*store, "c", 0); });
  ExpectFailure(DSW_E_UNSUPPORTED, "flag",
                [&] { Ensure(*store, "c", 2, DSW_DISTANCE_DOT, 1u << 5); });
  Ensure(*store, "c", 2, DSW_DISTANCE_DOT, 1u << 20);
}

TEST_F(SqliteStoreTest, MissingCollectionsAreNamedWithTheirFile) {
  const auto store = Open();
  ExpectFailure(DSW_E_NOT_FOUND, "\"c\" in " + path_, [&] { store->Count(MakeCall(), "c"); });
  ExpectFailure(DSW_E_NOT_FOUND, "\"c\"", [&] { Search(*store, "c", {1, 2}, 1); });
  ExpectFailure(DSW_E_NOT_FOUND, "\"c\"",
                [&] { store->Upsert(MakeCall(), "c", Made(1, 1).points); });
  ExpectFailure(DSW_E_NOT_FOUND, "none is to be made",
                [&] { Ensure(*store, "c", 2, DSW_DISTANCE_DOT, DSW_COLLECTION_MUST_EXIST); });
}

TEST_F(SqliteStoreTest, ABatchIsStoredWholeOrNotAtAll) {
  const auto store = Open();
  Ensure(*store, "c");
  store->Upsert(MakeCall(), "c", Made(1, 2).points);
  Connection other(path_);
  other.Execute(
      "CREATE TRIGGER refuse BEFORE INSERT ON points_1 WHEN NEW.id = 'id-7' "
      "BEGIN SELECT RAISE(ABORT, 'refused'); END");
  ExpectFailure(DSW_E_INTERNAL, "refused",
                [&] { store->Upsert(MakeCall(), "c", Made(1, 9, 2, ",\"x\":1").points); });
  EXPECT_EQ(store->Count(MakeCall(), "c"), 2u);
  EXPECT_EQ(Search(*store, "c", {1, 0}, 1)[0].payload, "{\"n\":2}");
}

TEST_F(SqliteStoreTest, WhatUpsertReturnedFromSurvivesTheProcess) {
  const pid_t child = fork();
  if (child == 0) {
    const auto store = Open();
    Ensure(*store, "c");
    store->Upsert(MakeCall(), "c", Made(1, 6).points);
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(Open()->Count(MakeCall(), "c"), 6u);
}

TEST_F(SqliteStoreTest, CommitsAreSynchronous) {
  Connection connection(path_);
  Statement mode = connection.Prepare("PRAGMA journal_mode");
  ASSERT_TRUE(mode.Step());
  EXPECT_EQ(mode.Text(0), "wal");
  Statement synchronous = connection.Prepare("PRAGMA synchronous");
  ASSERT_TRUE(synchronous.Step());
  EXPECT_EQ(synchronous.Int(0), 2);
}

TEST_F(SqliteStoreTest, ThreadsAndInstancesShareTheFile) {
  constexpr int kWriters = 4;
  constexpr int kBatches = 10;
  const auto shared = Open();
  Ensure(*shared, "c");
  std::atomic<bool> over{false};
  std::thread reader([&] {
    while (!over) {
      const std::uint64_t count = shared->Count(MakeCall(), "c");
      EXPECT_EQ(count % 10, 0u) << "half a batch was seen";
      EXPECT_LE(Search(*shared, "c", {1, 0}, 5).size(), 5u);
    }
  });
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      // Two of them as other processes would.
      const auto own = writer % 2 == 0 ? nullptr : Open();
      Store& store = own ? *own : *shared;
      for (int batch = 0; batch < kBatches; ++batch) {
        store.Upsert(MakeCall(), "c", Made((writer * kBatches + batch) * 10, 10).points);
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  over = true;
  reader.join();
  EXPECT_EQ(shared->Count(MakeCall(), "c"), 400u);
}

TEST_F(SqliteStoreTest, CollectionsMadeAtOnceAreOne) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] {
      const auto store = Open();
      Ensure(*store, "c");
      store->Upsert(MakeCall(), "c", Made(1, 3).points);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Open()->Count(MakeCall(), "c"), 3u);
}

TEST_F(SqliteStoreTest, GivesUpOnALockAtTheDeadlineOrWhenCancelled) {
  const auto store = Open();
  Ensure(*store, "c");
  Connection other(path_);
  other.Execute("BEGIN IMMEDIATE");
  ExpectFailure(DSW_E_TIMEOUT, "deadline",
                [&] { store->Upsert(MakeCall(60), "c", Made(1, 1).points); });
  dsw_call cancelled = MakeCall();
  cancelled.cancelled = [](const dsw_call*) -> std::uint32_t { return 1; };
  ExpectFailure(DSW_E_CANCELLED, "cancelled",
                [&] { store->Upsert(cancelled, "c", Made(1, 1).points); });
  // Behind another writer of the same instance, too.
  std::thread first([&] {
    ExpectFailure(DSW_E_TIMEOUT, "deadline",
                  [&] { store->Upsert(MakeCall(600), "c", Made(1, 1).points); });
  });
  ExpectFailure(DSW_E_TIMEOUT, "deadline",
                [&] { store->Upsert(MakeCall(200), "c", Made(1, 1).points); });
  first.join();
  other.Execute("ROLLBACK");
  store->Upsert(MakeCall(), "c", Made(1, 1).points);
}

TEST_F(SqliteStoreTest, ADamagedFileIsNamed) {
  WriteFile(path_, std::string(8'192, 'x'));
  ExpectFailure(DSW_E_UNAVAILABLE, path_, [&] { Open()->Health(MakeCall()); });
}

TEST_F(SqliteStoreTest, AMissingDirectoryIsNamed) {
  Store store(Host(), "{\"path\":\"" + (directory_ / "no/such.sqlite").string() + "\"}");
  ExpectFailure(DSW_E_UNAVAILABLE, "directory exists", [&] { store.Health(MakeCall()); });
}

TEST_F(SqliteStoreTest, AFullDiskIsATemporaryTrouble) {
  const auto store = Open();
  Ensure(*store, "c", 64);
  const pid_t child = fork();
  if (child == 0) {
    // Writes beyond this size fail as on a full disk.
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{200'000, 200'000};
    setrlimit(RLIMIT_FSIZE, &limit);
    try {
      Open()->Upsert(MakeCall(), "c", Made(1, 5'000, 64).points);
      _exit(1);
    } catch (const Failure& failure) {
      _exit(failure.error().category == DSW_E_UNAVAILABLE ? 0 : 2);
    }
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(store->Count(MakeCall(), "c"), 0u);
}

TEST_F(SqliteStoreTest, AFileThatWasDeletedIsMadeAnew) {
  const auto store = Open();
  Ensure(*store, "c");
  store->Upsert(MakeCall(), "c", Made(1, 3).points);
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path_ + suffix);
  ExpectFailure(DSW_E_NOT_FOUND, "\"c\"",
                [&] { store->Upsert(MakeCall(), "c", Made(1, 2).points); });
  Ensure(*store, "c");
  store->Upsert(MakeCall(), "c", Made(1, 2).points);
  EXPECT_EQ(Open()->Count(MakeCall(), "c"), 2u);
}

TEST_F(SqliteStoreTest, AVectorOfAnotherSizeInTheFileIsReported) {
  const auto store = Open();
  Ensure(*store, "c");
  Connection other(path_);
  other.Execute("INSERT INTO points_1 VALUES ('x', x'0000', '{}')");
  ExpectFailure(DSW_E_INTERNAL, path_, [&] { Search(*store, "c", {1, 2}, 1); });
}

TEST_F(SqliteStoreTest, RowsMayLieApart) {
  const auto store = Open();
  Ensure(*store, "c");
  Made made(1, 2);
  made.vectors = {1, 2, 99, 99, 3, 4};
  made.points.vectors = made.vectors.data();
  made.points.row_stride_bytes = 4 * sizeof(float);
  store->Upsert(MakeCall(), "c", made.points);
  const std::vector<Answer> answers = Search(*store, "c", {1, 1}, 2);
  EXPECT_DOUBLE_EQ(answers[0].score, 7);
  EXPECT_DOUBLE_EQ(answers[1].score, 3);
}

}  // namespace
}  // namespace dsw::sqlite
