// SPDX-License-Identifier: Apache-2.0
//
// What becomes of a target when either side was changed, lost or put back.
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "host/domain/point.h"
#include "tests/e2e/world.h"

namespace dsw {
namespace {

using nlohmann::json;
using testing::HasSubstr;

class VerifyTest : public testing::Test {
 protected:
  void Embed() {
    world_.Submit(transform_);
    ASSERT_EQ(world_.RunUntilIdle(), 0) << world_.Log();
    table_ = world_.PointTable(transform_);
    ASSERT_FALSE(table_.empty());
  }
  /// Runs `verify --json`; what it says of the first target, with "clean" and "exit".
  json Verify(bool repair = false) {
    std::vector<std::string> arguments = {"verify", "--json", "--transform",
                                          std::to_string(transform_)};
    if (repair) arguments.emplace_back("--repair");
    const Output output = world_.Run(arguments);
    const json document = json::parse(output.out, nullptr, false);
    if (document.is_discarded()) {
      ADD_FAILURE() << output.out << output.err;
      return json::object();
    }
    json target = document["targets"].at(0);
    target["clean"] = document["clean"];
    target["exit"] = output.status.code;
    return target;
  }
  void ExpectClean() {
    const json found = Verify();
    EXPECT_EQ(found.value("exit", -1), 0) << found;
    EXPECT_EQ(found.value("clean", false), true) << found;
    EXPECT_EQ(found.value("pending", -1), 0) << found;
    EXPECT_EQ(world_.PointIds(transform_), world_.ExpectedPointIds(transform_));
  }
  /// Id of a point of the item whose place in the order of ids is `item`.
  std::string Id(int item, int chunk) {
    return PointId(
        1, {std::stoll(world_.Sql(fmt::format(
                "SELECT item_id FROM dataset_items ORDER BY item_id OFFSET {} LIMIT 1", item))),
            chunk});
  }

  World world_;
  const std::int64_t transform_ = world_.ImportItems("books", 10, 4, world_.CountConfig());
  std::string table_;
};

TEST_F(VerifyTest, EverythingThatIsWrongIsFoundAndMended) {
  Embed();
  ExpectClean();
  world_.SinkSql(
      fmt::format("DELETE FROM {} WHERE id IN ('{}', '{}')", table_, Id(0, 0), Id(1, 3)));
  world_.SinkSql(fmt::format("INSERT INTO {} SELECT '{}', vector, payload FROM {} WHERE id = '{}'",
                             table_, PointId(1, {4711, 0}), table_, Id(2, 0)));
  world_.SinkSql(
      fmt::format("UPDATE {} SET payload = json_set(payload, '$._dsw.m', 'another') "
                  "WHERE id = '{}'",
                  table_, Id(3, 0)));
  world_.Sql(
      "SET session_replication_role = replica; "
      "UPDATE dataset_items SET chunks = jsonb_set(chunks, '{2,content}', '\"changed\"') "
      "WHERE title = 'item 5'");

  const json found = Verify();
  EXPECT_EQ(found["exit"], 1);
  EXPECT_EQ(found["clean"], false);
  EXPECT_EQ(found["chunks"], 40);
  EXPECT_EQ(found["points"], 39);
  EXPECT_EQ(found["missing"], 2);
  EXPECT_EQ(found["orphaned"], 1);
  EXPECT_EQ(found["other_model"], 1);
  EXPECT_EQ(found["stale"], 1);
  EXPECT_EQ(world_.TextsEmbedded(), 40);

  const json mended = Verify(/*repair=*/true);
  EXPECT_EQ(mended["exit"], 0);
  EXPECT_EQ(mended["clean"], true);
  // Of the changed item all four, as after any change of an item.
  EXPECT_EQ(mended["repaired"]["embedded"], 2 + 1 + 4);
  EXPECT_EQ(mended["repaired"]["removed"], 1);
  EXPECT_EQ(world_.TextsEmbedded(), 40 + 7);
  ExpectClean();
  EXPECT_EQ(world_.SinkSql(fmt::format("SELECT payload ->> '$.text' FROM {} WHERE id = '{}'",
                                       table_, Id(5, 2))),
            (std::multiset<std::string>{"changed"}));
}

TEST_F(VerifyTest, ASinkThatLostEverythingIsFilledAgain) {
  Embed();
  std::filesystem::remove(world_.directory() / "vectors.sqlite");
  std::filesystem::remove(world_.directory() / "vectors.sqlite-wal");
  std::filesystem::remove(world_.directory() / "vectors.sqlite-shm");
  const json found = Verify();
  EXPECT_EQ(found["exit"], 1);
  EXPECT_EQ(found["missing"], 40);
  EXPECT_EQ(Verify(/*repair=*/true)["repaired"]["embedded"], 40);
  ExpectClean();
}

TEST_F(VerifyTest, ADatabaseThatWasPutBackCatchesUp) {
  Embed();
  world_.Sql(
      "CREATE TABLE kept_records AS SELECT * FROM dataset_transform_items;"
      "CREATE TABLE kept_token AS SELECT last_token FROM dataset_transform_targets");
  world_.Sql("UPDATE dataset_items SET chunks = chunks - 3 WHERE title = 'item 1'");
  world_.ImportLines("books", R"({"title":"late","text":"one more"})",
                     {"--embedder", "test:hash-8", "--config", world_.CountConfig()});
  Embed();
  world_.Sql("UPDATE dataset_items SET chunks = chunks - 2 WHERE title = 'item 1'");
  Embed();
  world_.Sql(
      "DELETE FROM dataset_items WHERE title = 'late';"
      "UPDATE dataset_items i SET chunks = '[\"put back\", \"twice\"]' "
      "  WHERE title = 'item 1';"
      "DELETE FROM dataset_transform_items;"
      "INSERT INTO dataset_transform_items SELECT * FROM kept_records;"
      "UPDATE dataset_transform_targets SET last_token = k.last_token FROM kept_token k");
  const json found = Verify();
  EXPECT_EQ(found["exit"], 1);
  EXPECT_EQ(found["orphaned"], 1);
  EXPECT_EQ(found["stale"], 2);
  EXPECT_EQ(found["clock_put_back"], false);
  EXPECT_EQ(Verify(/*repair=*/true)["exit"], 0);
  ExpectClean();
}

TEST_F(VerifyTest, PointsFromTheFutureCanBeWrittenAgainAfterARepair) {
  Embed();
  // In the year 2100.
  world_.SinkSql(fmt::format(
      "UPDATE {} SET payload = json_set(payload, '$._dsw.t', 4102444800000 * 1024)", table_));
  const json found = Verify();
  EXPECT_EQ(found["exit"], 1);
  EXPECT_EQ(found["clock_put_back"], true);
  EXPECT_EQ(found["missing"], 0);
  EXPECT_EQ(Verify(/*repair=*/true)["exit"], 0);
  ExpectClean();
  world_.Sql(
      "UPDATE dataset_items SET chunks = jsonb_set(chunks, '{0,content}', '\"changed\"') "
      "WHERE title = 'item 5'");
  Embed();
  ExpectClean();
}

TEST_F(VerifyTest, WhatAJobIsAtIsNotRepaired) {
  Embed();
  world_.Sql(
      "INSERT INTO dataset_transform_leases (token, embedded_dataset_id, first_item, "
      "  last_item, job_id, range_number, holder, expires_at) "
      "VALUES (1, 1, 0, 9223372036854775807, 'a job', -1, 'a worker', now() + interval '1 h')");
  const Output output =
      world_.Run({"verify", "--repair", "--transform", std::to_string(transform_)});
  EXPECT_EQ(output.status.code, 1);
  EXPECT_THAT(output.err, HasSubstr("a job is at it, try again later"));
  world_.Sql("DELETE FROM dataset_transform_leases");
  const Output text = world_.Run({"verify", "--transform", std::to_string(transform_)});
  EXPECT_EQ(text.status.code, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("40 points for 40 chunks; 0 missing"));
}

TEST_F(VerifyTest, JobsOfALostQueueAreSubmittedAgainWhenDue) {
  const std::int64_t other = world_.ImportItems("others", 3, 2, world_.CountConfig());
  world_.Submit(transform_);
  world_.Submit(other);
  world_.nats().Stop();
  world_.nats().LoseStore();
  world_.nats().Start();

  const Output due = world_.Run({"submit", "--due", "--json"});
  ASSERT_EQ(due.status.code, 0) << due.err;
  std::istringstream lines(due.out);
  std::vector<std::int64_t> submitted;
  for (std::string line; std::getline(lines, line);) {
    submitted.push_back(json::parse(line)["dataset_transform_id"]);
  }
  EXPECT_THAT(submitted, testing::ElementsAre(transform_, other));
  const Output twice = world_.Run({"submit", "--due"});
  EXPECT_EQ(twice.status.code, 0) << twice.err;
  EXPECT_EQ(twice.out, "");

  ASSERT_EQ(world_.RunUntilIdle(), 0) << world_.Log();
  EXPECT_EQ(world_.TextsEmbedded(), 46);
  for (const std::int64_t transform : {transform_, other}) {
    EXPECT_EQ(world_.PointIds(transform), world_.ExpectedPointIds(transform));
  }
  EXPECT_EQ(world_.Run({"submit", "--due"}).out, "");
  world_.Sql("DELETE FROM dataset_items WHERE title = 'item 1' AND dataset_id = 1");
  EXPECT_THAT(world_.Run({"submit", "--due"}).out,
              HasSubstr(fmt::format("for transform {}:", transform_)));
}

TEST_F(VerifyTest, DueAndOneTransformExcludeEachOther) {
  const std::string id = std::to_string(transform_);
  EXPECT_EQ(world_.Run({"submit"}).status.code, 2);
  EXPECT_EQ(world_.Run({"submit", "--due", "--transform", id}).status.code, 2);
  EXPECT_EQ(world_.Run({"submit", "--due", "--watch"}).status.code, 2);
  EXPECT_EQ(world_.Run({"submit", "--due", "--mode", "full"}).status.code, 2);
  EXPECT_EQ(world_.Run({"verify"}).status.code, 2);
}

}  // namespace
}  // namespace dsw
