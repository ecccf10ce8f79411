// SPDX-License-Identifier: Apache-2.0
//
// The main job as an operator runs it, by the binary's own commands.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/e2e/world.h"

namespace dsw {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;

class FirstLightTest : public testing::Test {
 protected:
  World world_;
};

TEST_F(FirstLightTest, AJobGoesInAndVectorsComeOut) {
  const std::int64_t transform = world_.ImportItems("books", 20, 7);
  world_.Submit(transform);
  ASSERT_EQ(world_.RunUntilIdle(), 0) << world_.Log();

  EXPECT_EQ(world_.PointIds(transform), world_.ExpectedPointIds(transform));
  EXPECT_THAT(world_.DeadLetters(), IsEmpty());

  const Output found = world_.Run({"search", "--transform", std::to_string(transform), "--json",
                                   "-k", "3", "books item 4 chunk 2"});
  ASSERT_TRUE(found.status.ok()) << found.err;
  const json document = json::parse(found.out);
  EXPECT_EQ(document["model"], "hash-8");
  ASSERT_EQ(document["results"].size(), 3U);
  const json& best = document["results"][0];
  EXPECT_NEAR(best["score"].get<double>(), 1.0, 1e-5);
  EXPECT_EQ(best["payload"]["text"], "books item 4 chunk 2");
  EXPECT_EQ(best["payload"]["title"], "item 4");
  EXPECT_EQ(best["payload"]["source_file"], "4.txt");
  EXPECT_EQ(best["payload"]["chunk_index"], 2);
  EXPECT_FALSE(best["payload"].contains("_dsw")) << "which is the worker's own";
}

TEST_F(FirstLightTest, WatchFollowsTheJobToItsEnd) {
  const std::int64_t transform = world_.ImportItems("watched", 30, 10);
  Process worker = world_.StartWorker();
  const Output watched =
      world_.Run({"submit", "--transform", std::to_string(transform), "--watch", "--json"});
  ASSERT_TRUE(watched.status.ok()) << watched.err << world_.Log();
  const std::string last_line = watched.out.substr(watched.out.rfind('{'));
  const json last = json::parse(last_line);
  EXPECT_EQ(last["status"], "success");
  EXPECT_EQ(last["final"], true);
  EXPECT_EQ(last["chunk_count"], 300);
  EXPECT_EQ(last["total_chunks"], 300);
  EXPECT_EQ(last["percent"], 100.0);
}

TEST_F(FirstLightTest, WatchExitsWithTheReasonOfAJobThatFailed) {
  const std::int64_t transform =
      world_.ImportItems("doomed", 1, 1, R"({"fail_every":1,"fail_category":"auth"})");
  Process worker = world_.StartWorker();
  const Output watched =
      world_.Run({"submit", "--transform", std::to_string(transform), "--watch"});
  EXPECT_EQ(watched.status.code, 1) << watched.out;
  EXPECT_THAT(watched.err, HasSubstr("failed"));
}

TEST_F(FirstLightTest, OnlyNewAndChangedItemsAreEmbeddedAgain) {
  const std::int64_t transform = world_.ImportItems("growing", 10, 3, world_.CountConfig());
  world_.Submit(transform);
  ASSERT_EQ(world_.RunUntilIdle(), 0) << world_.Log();
  ASSERT_EQ(world_.TextsEmbedded(), 30);

  world_.Sql("UPDATE dataset_items SET chunks = chunks - 2 WHERE title = 'item 0'");
  world_.Sql("DELETE FROM dataset_items WHERE title = 'item 1'");
  world_.ImportLines("growing", R"({"title":"late","text":"one more"})",
                     {"--embedder", "test:hash-8", "--config", world_.CountConfig()});
  world_.Submit(transform);
  ASSERT_EQ(world_.RunUntilIdle(), 0) << world_.Log();
  EXPECT_EQ(world_.TextsEmbedded(), 30 + 2 + 1);
  EXPECT_EQ(world_.PointIds(transform), world_.ExpectedPointIds(transform));

  world_.Submit(transform, "full");
  ASSERT_EQ(world_.RunUntilIdle(), 0) << world_.Log();
  EXPECT_EQ(world_.TextsEmbedded(), 30 + 2 + 1 + 27);
  EXPECT_EQ(world_.PointIds(transform), world_.ExpectedPointIds(transform));
}

TEST_F(FirstLightTest, OneBadChunkIsRecordedAndCostsNoOther) {
  const std::int64_t transform =
      world_.ImportItems("mixed", 5, 4, R"({"fail_texts_containing":"item 3 chunk 1"})");
  world_.Submit(transform);
  ASSERT_EQ(world_.RunUntilIdle(), 0) << world_.Log();
  EXPECT_EQ(world_.PointIds(transform).size(), 19U);
  EXPECT_EQ(
      world_.Sql("SELECT count(*) FROM dataset_transform_failed_chunks WHERE chunk_index = 1"),
      "1");
}

TEST_F(FirstLightTest, ManyQueriesAreAnsweredInTheirOrder) {
  const std::int64_t transform = world_.ImportItems("asked", 5, 5);
  world_.Submit(transform);
  ASSERT_EQ(world_.RunUntilIdle(), 0) << world_.Log();
  const Output found = world_.Run(
      {"search", "--transform", std::to_string(transform), "--json", "-k", "1", "--queries", "-"},
      "asked item 1 chunk 1\n\nasked item 4 chunk 0\nasked item 0 chunk 3\n");
  ASSERT_TRUE(found.status.ok()) << found.err;
  std::istringstream lines(found.out);
  std::vector<std::string> texts;
  for (std::string line; std::getline(lines, line);) {
    texts.push_back(json::parse(line)["results"][0]["payload"]["text"]);
  }
  EXPECT_THAT(texts, testing::ElementsAre("asked item 1 chunk 1", "asked item 4 chunk 0",
                                          "asked item 0 chunk 3"));
}

TEST_F(FirstLightTest, ImportReportsBadLinesAndStoresTheOthers) {
  const std::string lines =
      "{\"title\":\"good\",\"text\":\"fine\"}\nnot json\n{\"title\":\"empty\"}\n";
  const Output loose =
      world_.Run({"import", "-", "--json", "--dataset", "d", "--embedder", "test:hash-8"}, lines);
  ASSERT_TRUE(loose.status.ok()) << loose.err;
  const json report = json::parse(loose.out);
  EXPECT_EQ(report["items"], 1);
  EXPECT_EQ(report["chunks"], 1);
  ASSERT_EQ(report["rejected"].size(), 2U);
  EXPECT_EQ(report["rejected"][0]["line"], 2);
  EXPECT_EQ(report["rejected"][1]["line"], 3);

  const Output strict = world_.Run(
      {"import", "-", "--strict", "--dataset", "strict", "--embedder", "test:hash-8"}, lines);
  EXPECT_EQ(strict.status.code, 1);
  EXPECT_THAT(strict.err, HasSubstr("line 2"));
  EXPECT_EQ(world_.Sql("SELECT count(*) FROM datasets WHERE title = 'strict'"), "0");
}

TEST_F(FirstLightTest, ALiteralKeyOnTheCommandLineIsRefused) {
  const Output output = world_.Run({"import", "-", "--dataset", "d", "--embedder", "test:hash-8",
                                    "--api-key", "sk-literal-key"});
  EXPECT_EQ(output.status.code, 1);
  EXPECT_THAT(output.err, HasSubstr("env:NAME"));
  EXPECT_THAT(output.err, testing::Not(HasSubstr("sk-literal-key")));
}

TEST_F(FirstLightTest, ExitCodesTellUsageFromFailure) {
  EXPECT_EQ(world_.Run({"nonsense"}).status.code, 2);
  EXPECT_EQ(world_.Run({"submit"}).status.code, 2);
  EXPECT_EQ(world_.Run({"submit", "--transform", "0"}).status.code, 2);
  EXPECT_EQ(world_.Run({"--version"}).status.code, 0);
  const Output missing = world_.Run({"submit", "--transform", "999"});
  EXPECT_EQ(missing.status.code, 1);
  EXPECT_THAT(missing.err, HasSubstr("999"));
  world_.Set("WORKER_CONCURRENCY", "many");
  world_.Set("MAX_RETRIES", "-1");
  const Output config = world_.Run({"check-config"});
  EXPECT_EQ(config.status.code, 1);
  EXPECT_THAT(config.err, HasSubstr("WORKER_CONCURRENCY"));
  EXPECT_THAT(config.err, HasSubstr("MAX_RETRIES"));
}

}  // namespace
}  // namespace dsw
