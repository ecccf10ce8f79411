// SPDX-License-Identifier: Apache-2.0
//
// Empty databases, older ones, and Semantic Explorer's own.
#include "host/postgres/migrate.h"

#include <thread>

#include "tests/integration/postgres/store_test.h"

namespace dsw {
namespace {

/// Starts from a database that nobody has migrated.
class MigrateTest : public StoreTest {
 protected:
  void SetUp() override {}
};

TEST_F(MigrateTest, MakesAnEmptyDatabaseUsable) {
  EXPECT_FAIL(store_->Health(), Code::kUnavailable, "worker-datasets migrate");
  EXPECT_FAIL(store_->LoadPlan(MakeJob("a")), Code::kUnavailable, "worker-datasets migrate");
  ASSERT_OK_AND_ASSIGN(const std::vector<std::string> first, Migrate(*database_));
  EXPECT_EQ(first.size(), Migrations().size());
  EXPECT_OK(store_->Health());
  MakeTransform();
  AddItems(2, 2);
  EXPECT_EQ(Embed(MakeJob("a")), "1.0 1.1 2.0 2.1");
}

TEST_F(MigrateTest, DoesNothingTheSecondTime) {
  ASSERT_OK(Migrate(*database_));
  ASSERT_OK_AND_ASSIGN(const std::vector<std::string> again, Migrate(*database_));
  EXPECT_TRUE(again.empty());
}

TEST_F(MigrateTest, SeveralAtOnceWaitForEachOther) {
  std::vector<Status> done(4);
  {
    std::vector<std::jthread> threads;
    for (Status& status : done) {
      threads.emplace_back([&] {
        const auto database = OpenDatabase();
        const auto migrated = Migrate(*database);
        status = migrated ? Status() : Status(Fail(migrated.error()));
      });
    }
  }
  for (const Status& status : done) EXPECT_OK(status);
  EXPECT_EQ(Sql("SELECT count(*) FROM dsw_migrations"), std::to_string(Migrations().size()));
}

TEST_F(MigrateTest, AFailureLeavesNothingBehind) {
  Sql("CREATE VIEW dataset_transform_items AS SELECT 1 AS x;"
      "CREATE TABLE embedded_datasets (embedded_dataset_id integer)");
  EXPECT_FALSE(Migrate(*database_).has_value());
  EXPECT_EQ(Sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "1");
}

TEST_F(MigrateTest, AnOlderVersionIsNotHealthy) {
  ASSERT_OK(Migrate(*database_));
  Sql("DELETE FROM dsw_migrations WHERE version > 1");
  EXPECT_FAIL(store_->Health(), Code::kUnavailable, "older version");
}

TEST_F(MigrateTest, WhatOlderVersionsCountedIsNotCountedAgain) {
  ASSERT_OK(Migrate(*database_));
  MakeTransform();
  AddItems(2, 2);
  Embed(MakeJob("a"));
  ASSERT_OK(Claim(MustPlan(MakeJob("a"))).Release());
  ASSERT_OK(store_->EndFailed(MakeJob("a"), {.message = "refused"}));
  Sql("DELETE FROM dsw_migrations WHERE version >= 5;"
      "ALTER TABLE dataset_transform_runs DROP COLUMN counted_at, DROP COLUMN failure_counted");
  ASSERT_OK(Migrate(*database_));
  const Plan plan = MustPlan(MakeJob("a"));
  ASSERT_OK_AND_ASSIGN(const auto claim,
                       store_->Claim(plan, plan.targets[0], {.holder = "another"}));
  ASSERT_OK(claim->Look(surroundings_));
  ASSERT_OK(claim->Finish());
  EXPECT_EQ(Sql("SELECT last_outcome, successful_batches, failed_batches FROM "
                "dataset_transform_stats"),
            "success|1|1");
}

TEST_F(MigrateTest, ItemsFromBeforeSizesWereKeptHaveNoneAndAreEmbedded) {
  ASSERT_OK(Migrate(*database_));
  MakeTransform();
  AddItems(2, 2);
  Sql("ALTER TABLE dataset_item_contents DROP COLUMN bytes;"
      "DELETE FROM dsw_migrations WHERE version = 7");
  ASSERT_OK_AND_ASSIGN(const std::vector<std::string> steps, Migrate(*database_));
  EXPECT_THAT(steps, testing::ElementsAre("sizes of items"));
  AddItems(1, 2);
  EXPECT_EQ(Sql("SELECT count(*), count(bytes) FROM dataset_item_contents"), "3|1");
  EXPECT_EQ(Embed(MakeJob("a")), "1.0 1.1 2.0 2.1 3.0 3.1");
}

TEST_F(MigrateTest, KeepsTheStatisticsOfDatasets) {
  ASSERT_OK(Migrate(*database_));
  MakeTransform();
  AddItems(3, 4);
  const auto stats = [&] { return Sql("SELECT item_count, total_chunks FROM datasets"); };
  EXPECT_EQ(stats(), "3|12");
  Sql("UPDATE dataset_items SET chunks = chunks - 0 WHERE item_id < 3");
  EXPECT_EQ(stats(), "3|10");
  Sql("UPDATE dataset_items SET chunks = '{}' WHERE item_id = 1");
  EXPECT_EQ(stats(), "3|7");
  Sql("DELETE FROM dataset_items WHERE item_id = 2");
  EXPECT_EQ(stats(), "2|4");
  Sql("DELETE FROM datasets");
  EXPECT_EQ(Sql("SELECT count(*) FROM dataset_items"), "0");
}

/// In the shape of an early version: columns that came later are missing, and batch keys are not
/// unique.
constexpr char kEarlySemanticExplorer[] = R"sql(
CREATE TABLE datasets (dataset_id SERIAL PRIMARY KEY, title TEXT NOT NULL, details TEXT,
  owner_id TEXT NOT NULL, owner_display_name TEXT NOT NULL, tags TEXT[] NOT NULL DEFAULT '{}',
  is_public BOOLEAN NOT NULL DEFAULT FALSE, item_count INTEGER NOT NULL DEFAULT 0,
  total_chunks BIGINT NOT NULL DEFAULT 0, created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
  updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW());
CREATE TABLE dataset_items (item_id SERIAL PRIMARY KEY,
  dataset_id INTEGER NOT NULL REFERENCES datasets(dataset_id) ON DELETE CASCADE,
  title TEXT NOT NULL, chunks JSONB NOT NULL, metadata JSONB NOT NULL DEFAULT '{}',
  created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(), updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW());
CREATE UNIQUE INDEX idx_dataset_items_dataset_title_unique ON dataset_items(dataset_id, title);
CREATE INDEX idx_dataset_items_dataset_item_desc ON dataset_items(dataset_id, item_id DESC);
CREATE FUNCTION update_dataset_stats() RETURNS TRIGGER AS $$ BEGIN
  UPDATE datasets SET item_count = item_count + 1,
    total_chunks = total_chunks + jsonb_array_length(NEW.chunks)
  WHERE dataset_id = NEW.dataset_id; RETURN NEW; END; $$ LANGUAGE plpgsql;
CREATE TRIGGER trg_update_dataset_stats AFTER INSERT ON dataset_items
  FOR EACH ROW EXECUTE FUNCTION update_dataset_stats();
CREATE TABLE embedders (embedder_id SERIAL PRIMARY KEY, name TEXT NOT NULL, owner_id TEXT NOT NULL,
  owner_display_name TEXT NOT NULL, provider TEXT NOT NULL, base_url TEXT NOT NULL,
  api_key_encrypted TEXT, config JSONB NOT NULL DEFAULT '{}',
  dimensions INTEGER NOT NULL DEFAULT 1536, is_public BOOLEAN NOT NULL DEFAULT FALSE,
  created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(), updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW());
CREATE TABLE dataset_transforms (dataset_transform_id SERIAL PRIMARY KEY, title TEXT NOT NULL,
  source_dataset_id INTEGER NOT NULL REFERENCES datasets(dataset_id) ON DELETE CASCADE,
  embedder_ids INTEGER[] NOT NULL DEFAULT '{}', owner_id TEXT NOT NULL,
  owner_display_name TEXT NOT NULL, is_enabled BOOLEAN NOT NULL DEFAULT TRUE,
  job_config JSONB NOT NULL DEFAULT '{}', created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
  updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW());
CREATE TABLE embedded_datasets (embedded_dataset_id SERIAL PRIMARY KEY, title TEXT NOT NULL,
  dataset_transform_id INTEGER NOT NULL, source_dataset_id INTEGER NOT NULL,
  embedder_id INTEGER NOT NULL, owner_id TEXT NOT NULL, owner_display_name TEXT NOT NULL,
  collection_name TEXT NOT NULL, dimensions INTEGER, created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
  updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW());
CREATE UNIQUE INDEX embedded_datasets_unique ON embedded_datasets
  (dataset_transform_id, embedder_id) WHERE dataset_transform_id <> 0;
CREATE TABLE dataset_transform_batches (id SERIAL PRIMARY KEY,
  dataset_transform_id INTEGER NOT NULL
    REFERENCES dataset_transforms(dataset_transform_id) ON DELETE CASCADE,
  batch_key VARCHAR(255) NOT NULL, processed_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
  status VARCHAR(50) NOT NULL DEFAULT 'pending', chunk_count INTEGER NOT NULL DEFAULT 0,
  error_message TEXT, created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
  updated_at TIMESTAMPTZ NOT NULL DEFAULT NOW());
)sql";

TEST_F(MigrateTest, WorksOnSemanticExplorersTablesAndKeepsTheirRows) {
  Sql(kEarlySemanticExplorer);
  MakeTransform();
  AddItems(2, 2);
  Sql("INSERT INTO dataset_transform_batches (dataset_transform_id, batch_key, status) "
      "VALUES (1, 'same', 'success'), (1, 'same', 'failed')");
  const std::string items = Sql("SELECT * FROM dataset_items ORDER BY 1");
  ASSERT_OK(Migrate(*database_));
  EXPECT_EQ(Sql("SELECT * FROM dataset_items ORDER BY 1"), items);
  EXPECT_EQ(Sql("SELECT string_agg(tgname, ' ') FROM pg_trigger WHERE NOT tgisinternal"),
            "trg_update_dataset_stats dsw_item_contents_insert dsw_item_contents_update "
            "dsw_item_contents_delete");
  EXPECT_EQ(Sql("SELECT string_agg(indexname, ' ' ORDER BY indexname) FROM pg_indexes "
                "WHERE tablename = 'dataset_items'"),
            "dataset_items_pkey idx_dataset_items_dataset_item_desc "
            "idx_dataset_items_dataset_title_unique");

  EXPECT_EQ(Embed(MakeJob("a"), 3), "1.0 1.1 2.0 2.1");
  const Plan plan = MustPlan(MakeJob("a"));
  ASSERT_OK(Claim(plan).Finish());
  EXPECT_EQ(Sql("SELECT count(*) FROM dataset_transform_batches"), "4");
  EXPECT_EQ(Sql("SELECT total_chunks_embedded FROM dataset_transform_stats"), "4");
}

}  // namespace
}  // namespace dsw
