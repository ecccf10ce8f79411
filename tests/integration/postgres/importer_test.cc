// SPDX-License-Identifier: Apache-2.0
//
// From items to a dataset that is ready to be embedded.
#include "host/postgres/importer.h"

#include <thread>

#include "tests/integration/postgres/store_test.h"

namespace dsw {
namespace {

class ImporterTest : public StoreTest {
 protected:
  static ImportItem MakeItem(const std::string& title, std::vector<std::string> texts) {
    ImportItem item{.title = title, .metadata_json = R"({"author":"a"})", .chunks = {}};
    for (std::string& text : texts) {
      item.chunks.push_back({.text = std::move(text), .metadata_json = {}});
    }
    return item;
  }
  Result<ImportReport> Import(const ImportTarget& target, int items, bool strict = false) {
    ASSIGN_OR_RETURN(const auto importer, Importer::Begin(*database_, target, strict));
    for (int i = 1; i <= items; ++i) {
      RETURN_IF_ERROR(importer->Add(i, MakeItem("item " + std::to_string(i), {"one", "two"})));
    }
    return importer->Finish();
  }

  const ImportTarget target_{.dataset_title = "Policy",
                             .owner = "local",
                             .provider = "fastembed",
                             .model = "a-model",
                             .base_url = {},
                             .api_key = {},
                             .config_json = R"({"threads":2})",
                             .batch_size = {},
                             .collection = {}};
};

TEST_F(ImporterTest, MakesADatasetThatIsReadyToEmbed) {
  ASSERT_OK_AND_ASSIGN(const ImportReport report, Import(target_, 700));
  EXPECT_EQ(report.items, 700);
  EXPECT_EQ(report.chunks, 1'400);
  EXPECT_TRUE(report.rejected.empty());
  Job job = MakeJob("a");
  job.dataset_transform_id = report.dataset_transform_id;
  const Plan plan = MustPlan(job);
  EXPECT_EQ(plan.dataset_id, report.dataset_id);
  EXPECT_EQ(plan.title, "Policy");
  EXPECT_EQ(plan.owner_id, "local");
  const Target& target = plan.targets[0];
  EXPECT_THAT(report.embedded_dataset_ids, testing::ElementsAre(target.embedded_dataset_id));
  EXPECT_EQ(target.collection, "embedded-dataset-1-local");
  EXPECT_EQ(target.embedder.provider, "fastembed");
  EXPECT_EQ(target.embedder.model, "a-model");
  EXPECT_EQ(target.embedder.config_json, R"({"threads":2})");
  EXPECT_EQ(target.embedder.batch_size, 100) << "the worker's default";
  const std::vector<Chunk> chunks = Pending(plan);
  ASSERT_EQ(chunks.size(), 1'400u);
  EXPECT_EQ(chunks[1].text, "two");
  EXPECT_EQ(chunks[1].item->title, "item 1");
  EXPECT_EQ(chunks[1].item->metadata_json, R"({"author": "a"})");
}

TEST_F(ImporterTest, AppendsToWhatExists) {
  ASSERT_OK_AND_ASSIGN(const ImportReport first, Import(target_, 2));
  ImportTarget with_key = target_;
  with_key.api_key = "env:KEY";
  with_key.batch_size = 8;
  ASSERT_OK_AND_ASSIGN(const ImportReport second, Import(with_key, 3));
  EXPECT_EQ(second.dataset_id, first.dataset_id);
  EXPECT_EQ(second.dataset_transform_id, first.dataset_transform_id);
  EXPECT_EQ(second.embedded_dataset_ids, first.embedded_dataset_ids);
  EXPECT_EQ(Sql("SELECT item_count, total_chunks FROM datasets"), "5|10");
  EXPECT_EQ(Sql("SELECT count(*), min(batch_size), min(api_key_encrypted) FROM embedders"),
            "1|8|env:KEY");
}

TEST_F(ImporterTest, AnotherModelIsAnotherTransform) {
  ASSERT_OK_AND_ASSIGN(const ImportReport first, Import(target_, 1));
  ImportTarget other = target_;
  other.model = "b-model";
  other.collection = "mine";
  ASSERT_OK_AND_ASSIGN(const ImportReport second, Import(other, 1));
  EXPECT_EQ(second.dataset_id, first.dataset_id);
  EXPECT_NE(second.dataset_transform_id, first.dataset_transform_id);
  EXPECT_EQ(Sql("SELECT string_agg(collection_name, ' ' ORDER BY collection_name) FROM "
                "embedded_datasets"),
            "embedded-dataset-1-local mine");
  other.collection = "yours";
  EXPECT_FAIL(Import(other, 1), Code::kConflict, "\"mine\"");
}

TEST_F(ImporterTest, OwnersDoNotSeeEachOther) {
  ASSERT_OK_AND_ASSIGN(const ImportReport first, Import(target_, 1));
  ImportTarget other = target_;
  other.owner = "else";
  ASSERT_OK_AND_ASSIGN(const ImportReport second, Import(other, 1));
  EXPECT_NE(second.dataset_id, first.dataset_id);
  EXPECT_EQ(Sql("SELECT count(*) FROM embedders"), "2");
}

TEST_F(ImporterTest, StrictStoresNothingUnlessFinished) {
  {
    ASSERT_OK_AND_ASSIGN(const auto importer, Importer::Begin(*database_, target_, true));
    for (int i = 0; i < 1'000; ++i) ASSERT_OK(importer->Add(i, MakeItem("t", {"x"})));
  }
  EXPECT_EQ(Sql("SELECT (SELECT count(*) FROM datasets) + (SELECT count(*) FROM dataset_items) "
                "+ (SELECT count(*) FROM embedders)"),
            "0");
  ASSERT_OK_AND_ASSIGN(const ImportReport report, Import(target_, 1'000, true));
  EXPECT_EQ(report.items, 1'000);
  EXPECT_EQ(Sql("SELECT count(*) FROM dataset_items"), "1000");
}

TEST_F(ImporterTest, TitlesThatTheTablesAllowOnceAreRejectedByLine) {
  Sql("CREATE UNIQUE INDEX titles ON dataset_items (dataset_id, title)");
  ASSERT_OK_AND_ASSIGN(const auto importer, Importer::Begin(*database_, target_, false));
  std::int64_t line = 0;
  for (const char* title : {"a", "b", "a", "c", "b", "a"}) {
    ASSERT_OK(importer->Add(++line, MakeItem(title, {"x", "y"})));
  }
  ASSERT_OK_AND_ASSIGN(const ImportReport report, importer->Finish());
  EXPECT_EQ(report.items, 3);
  EXPECT_EQ(report.chunks, 6);
  ASSERT_EQ(report.rejected.size(), 3u);
  EXPECT_EQ(report.rejected[0].line, 3);
  EXPECT_EQ(report.rejected[0].reason, "the dataset has an item \"a\" already");
  EXPECT_EQ(report.rejected[1].line, 5);
  EXPECT_EQ(report.rejected[2].line, 6);

  ASSERT_OK_AND_ASSIGN(const auto strict, Importer::Begin(*database_, target_, true));
  ASSERT_OK(strict->Add(12, MakeItem("a", {"x"})));
  EXPECT_FAIL(strict->Finish(), Code::kInvalid, "line 12");
}

TEST_F(ImporterTest, WhatTheDatabaseRefusesIsRejectedAlone) {
  ASSERT_OK_AND_ASSIGN(const auto importer, Importer::Begin(*database_, target_, false));
  for (int i = 1; i <= 100; ++i) {
    ImportItem item = MakeItem("t" + std::to_string(i), {"x"});
    if (i == 37) item.metadata_json = R"({"nul":"\u0000"})";
    ASSERT_OK(importer->Add(i, std::move(item)));
  }
  ASSERT_OK_AND_ASSIGN(const ImportReport report, importer->Finish());
  EXPECT_EQ(report.items, 99);
  ASSERT_EQ(report.rejected.size(), 1u);
  EXPECT_EQ(report.rejected[0].line, 37);
}

TEST_F(ImporterTest, SeveralImportsAtOnceShareTheirRows) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { EXPECT_OK(Import(target_, 10)); });
  }
  threads.clear();
  EXPECT_EQ(Sql("SELECT (SELECT count(*) FROM datasets), (SELECT count(*) FROM embedders), "
                "(SELECT count(*) FROM dataset_transforms), "
                "(SELECT count(*) FROM embedded_datasets), (SELECT item_count FROM datasets)"),
            "1|1|1|1|40");
}

TEST_F(ImporterTest, GoesOnWhenItsConnectionIsEnded) {
  ASSERT_OK_AND_ASSIGN(const auto importer, Importer::Begin(*database_, target_, false));
  for (int i = 0; i < 1'000; ++i) {
    ASSERT_OK(importer->Add(i, MakeItem("t", {"x"})));
    if (i % 400 == 10) Server().TerminateBackends(name_);
  }
  ASSERT_OK_AND_ASSIGN(const ImportReport report, importer->Finish());
  EXPECT_EQ(report.items, 1'000);
  EXPECT_EQ(Sql("SELECT count(*) FROM dataset_items"), "1000");
}

}  // namespace
}  // namespace dsw
