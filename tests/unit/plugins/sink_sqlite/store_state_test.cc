// SPDX-License-Identifier: Apache-2.0
//
// What the store tells of its collections and points, and which writer wins.
#include "tests/unit/plugins/sink_sqlite/store_fixture.h"

namespace dsw::sqlite {
namespace {

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
  const dsw_str ids[] = {DSW_STR("id-1"), DSW_STR("id-2"), DSW_STR("id-3"), DSW_STR("id-4")};
  store->Remove(MakeCall(), "c", ids, 4, 7);
  EXPECT_EQ(Page(*store, "c", "", 9).size(), 2u) << "nor removes them";
  store->Remove(MakeCall(), "c", ids, 4, 8);
  EXPECT_EQ(Page(*store, "c", "", 9).size(), 0u);
}

}  // namespace
}  // namespace dsw::sqlite
