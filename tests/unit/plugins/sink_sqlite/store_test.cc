// SPDX-License-Identifier: Apache-2.0
#include "plugins/sink_sqlite/store.h"

#include <atomic>
#include <cmath>
#include <functional>
#include <thread>
#include <vector>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/plugins/sink_sqlite/store_fixture.h"

namespace dsw::sqlite {
namespace {

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
