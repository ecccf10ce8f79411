// SPDX-License-Identifier: Apache-2.0
//
// Jobs that cannot succeed: each goes to the dead-letter stream with its reason, and the worker
// goes on with the next.
#include <algorithm>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/e2e/world.h"

namespace dsw {
namespace {

using testing::HasSubstr;

class DeadLetterTest : public testing::Test {
 protected:
  std::string JobFor(std::int64_t transform, const std::string& more = "") {
    return fmt::format(R"({{"job_id":"job-{}-{}","dataset_transform_id":{}{}}})", transform,
                       more.size(), transform, more);
  }

  /// Publishes a bad job and a good one; the good one's points must be there in the end.
  DeadLetter Reason(const std::string& payload) {
    const std::int64_t good = world_.ImportItems(fmt::format("good {}", ++good_), 2, 2);
    world_.Publish(payload);
    world_.Submit(good);
    EXPECT_EQ(world_.RunUntilIdle(), 1) << world_.Log();
    EXPECT_EQ(world_.PointIds(good).size(), 4U);
    const std::vector<DeadLetter> letters = world_.DeadLetters();
    EXPECT_EQ(letters.size(), 1U);
    if (letters.empty()) return {};
    EXPECT_EQ(letters.front().payload, payload);
    return letters.front();
  }

  World world_;
  int good_ = 0;
};

TEST_F(DeadLetterTest, MalformedJson) {
  const DeadLetter letter = Reason("{\"job_id\":");
  EXPECT_EQ(letter.error_type, "invalid");
  EXPECT_THAT(letter.error, HasSubstr("not JSON"));
}

TEST_F(DeadLetterTest, ABatchFileInObjectStorage) {
  const DeadLetter letter = Reason(JobFor(1, R"(,"batch_file_key":"x/batch-0.json")"));
  EXPECT_EQ(letter.error_type, "invalid");
  EXPECT_THAT(letter.error, HasSubstr("object storage"));
}

TEST_F(DeadLetterTest, AMissingTransform) {
  const DeadLetter letter = Reason(JobFor(4711));
  EXPECT_EQ(letter.error_type, "not_found");
  EXPECT_THAT(letter.error, HasSubstr("4711"));
}

TEST_F(DeadLetterTest, FailTheRunUntilIdleThatWroteThemAndNoOther) {
  world_.Publish(JobFor(4711));
  EXPECT_EQ(world_.RunUntilIdle(), 1);
  EXPECT_THAT(world_.Log(), HasSubstr("1 dead letter was written, of job job-4711-0: "
                                      "`worker-datasets dlq list` says why"));
  world_.Submit(world_.ImportItems("good", 1, 1));
  EXPECT_EQ(world_.RunUntilIdle(), 0) << world_.Log();
}

TEST_F(DeadLetterTest, ADisabledTransformCostsNone) {
  const std::int64_t transform = world_.ImportItems("off", 1, 1);
  world_.Sql(fmt::format(
      "UPDATE dataset_transforms SET is_enabled = false WHERE dataset_transform_id = {}",
      transform));
  world_.Publish(JobFor(transform));
  EXPECT_EQ(world_.RunUntilIdle(), 0) << world_.Log();
  EXPECT_TRUE(world_.DeadLetters().empty());
  EXPECT_TRUE(world_.PointIds(transform).empty());
  EXPECT_THAT(world_.Log(), HasSubstr("disabled"));
}

TEST_F(DeadLetterTest, AProviderThatNoWorkerHasForLong) {
  world_.Set("PROVIDER_PATIENCE_SECS", "0");
  const std::int64_t transform = world_.ImportItems("unknown", 1, 1, "{}", "nobody:m");
  const DeadLetter letter = Reason(JobFor(transform));
  EXPECT_EQ(letter.error_type, "not_found");
  EXPECT_THAT(letter.error, HasSubstr("nobody"));
  EXPECT_THAT(letter.error, HasSubstr("test"));
}

TEST_F(DeadLetterTest, AModelThatThePluginDoesNotKnow) {
  const std::int64_t transform = world_.ImportItems("model", 1, 1, "{}", "test:mystery");
  const DeadLetter letter = Reason(JobFor(transform));
  EXPECT_EQ(letter.error_type, "not_found");
  EXPECT_THAT(letter.error, HasSubstr("mystery"));
}

TEST_F(DeadLetterTest, ACollectionOfAnotherSize) {
  const std::int64_t small =
      world_.ImportLines("small", R"({"title":"t","text":"x"})",
                         {"--embedder", "test:hash-8", "--collection", "shared"});
  world_.Submit(small);
  ASSERT_EQ(world_.RunUntilIdle(), 0) << world_.Log();
  const std::int64_t large = world_.ImportLines(
      "large", R"({"title":"t","text":"x"})",
      {"--embedder", "test:hash-16", "--collection", "shared", "--config", world_.CountConfig()});
  const DeadLetter letter = Reason(JobFor(large));
  EXPECT_EQ(letter.error_type, "conflict");
  EXPECT_THAT(letter.error, HasSubstr("16"));
  EXPECT_EQ(world_.TextsEmbedded(), 0) << "nothing may be embedded for a collection that is wrong";
}

TEST_F(DeadLetterTest, AProviderThatStaysDownIsRetriedFirst) {
  world_.Set("MAX_RETRIES", "2");
  world_.Set("EMBEDDER_MAX_RETRIES", "1");
  const std::int64_t transform =
      world_.ImportItems("down", 1, 1, R"({"fail_every":1,"fail_category":"unavailable"})");
  const DeadLetter letter = Reason(JobFor(transform));
  EXPECT_EQ(letter.error_type, "unavailable");
  EXPECT_EQ(letter.attempts, "3");
}

TEST_F(DeadLetterTest, AProviderThatComesBackCostsNoDeadLetter) {
  world_.Set("EMBEDDER_MAX_RETRIES", "0");
  const std::int64_t transform =
      world_.ImportItems("flaky", 1, 1, R"({"fail_first":2,"fail_category":"unavailable"})");
  world_.Submit(transform);
  ASSERT_EQ(world_.RunUntilIdle(), 0) << world_.Log();
  EXPECT_TRUE(world_.DeadLetters().empty());
  EXPECT_EQ(world_.PointIds(transform).size(), 1U);
}

TEST_F(DeadLetterTest, SecretsStayOutOfLogsEventsAndDeadLetters) {
  world_.Set("PROVIDER_PATIENCE_SECS", "0");
  world_.Set("LOG_LEVEL", "trace");
  world_.Set("PROVIDER_PATIENCE_SECS", "0");
  const std::int64_t transform = world_.ImportItems("secret", 1, 1, "{}", "nobody:m");
  const std::string payload =
      JobFor(transform,
             R"(,"embedder_config":{"provider":"sk-in-provider","api_key":"sk-in-job-secret"})");
  world_.Publish(payload);
  ASSERT_EQ(world_.RunUntilIdle(), 1);
  ASSERT_EQ(world_.DeadLetters().size(), 1U);
  EXPECT_THAT(world_.Log(), testing::Not(HasSubstr("sk-in-job-secret")));
  EXPECT_THAT(world_.DeadLetters()[0].error, testing::Not(HasSubstr("sk-in-job-secret")));
}

TEST_F(DeadLetterTest, AreListedShownReplayedAndRemovedByCommand) {
  const std::int64_t transform =
      world_.ImportItems("later", 1, 1, R"({"fail_every":1,"fail_category":"invalid"})");
  world_.Publish(
      R"({"job_id":"\u001b[31mred","mode":"fast","qdrant_config":{"api_key":"sk-in-a-job"}})");
  world_.Publish(JobFor(4711));
  world_.Publish(JobFor(4711, R"(,"mode":"full")"));
  ASSERT_EQ(world_.RunUntilIdle(), 1) << world_.Log();

  const Output list = world_.Run({"dlq", "list", "--json"});
  ASSERT_TRUE(list.status.ok()) << list.err;
  std::istringstream lines(list.out);
  std::vector<nlohmann::json> letters;
  for (std::string line; std::getline(lines, line);) letters.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(letters.size(), 3U);
  std::sort(letters.begin(), letters.end(), [](const auto& left, const auto& right) {
    return left["error_type"] < right["error_type"];
  });
  EXPECT_EQ(letters[0]["error_type"], "invalid");
  EXPECT_EQ(letters[1]["error_type"], "not_found");
  EXPECT_EQ(letters[1]["dataset_transform_id"], 4711);
  EXPECT_EQ(letters[1]["attempts"], 1);
  EXPECT_EQ(letters[1]["fault"], "job");
  EXPECT_EQ(letters[1]["original_subject"], "workers.dataset-transform");
  EXPECT_EQ(letters[1]["replayable"], true);

  const std::string invalid = std::to_string(letters[0]["sequence"].get<int>());
  const Output people = world_.Run({"dlq", "list"});
  EXPECT_THAT(people.out, AllOf(HasSubstr("transform 4711"), HasSubstr("job-4711-0"),
                                HasSubstr("attempts 1"), HasSubstr("dlq replay N")));
  const Output shown = world_.Run({"dlq", "show", invalid});
  EXPECT_THAT(shown.out,
              AllOf(HasSubstr("Dsw-Error-Type: invalid"), HasSubstr("[31mred"),
                    testing::Not(HasSubstr("sk-in-a-job")), testing::Not(HasSubstr("\x1b"))));
  EXPECT_EQ(world_.Run({"dlq", "show", "99"}).status.code, 1);
  EXPECT_EQ(world_.Run({"dlq", "purge"}).status.code, 2);

  const Output replayed = world_.Run({"dlq", "replay", "--transform", "4711"});
  EXPECT_TRUE(replayed.status.ok()) << replayed.err;
  EXPECT_EQ(world_.DeadLetters().size(), 1U);
  ASSERT_EQ(world_.RunUntilIdle(), 1) << world_.Log();
  EXPECT_EQ(world_.DeadLetters().size(), 3U);
  EXPECT_TRUE(world_.Run({"dlq", "purge", invalid}).status.ok());
  EXPECT_TRUE(world_.Run({"dlq", "purge", "--transform", std::to_string(transform)}).status.ok());
  EXPECT_EQ(world_.DeadLetters().size(), 2U);
  EXPECT_TRUE(world_.Run({"dlq", "purge", "--yes"}).status.ok());
  EXPECT_TRUE(world_.DeadLetters().empty());
  EXPECT_THAT(world_.Run({"dlq", "list"}).out, HasSubstr("no dead letters"));
}

TEST_F(DeadLetterTest, AReplayedJobRunsOnceItsFaultIsMended) {
  const std::int64_t transform = world_.ImportItems("mended", 1, 1, "{}", "test:mystery");
  world_.Publish(JobFor(transform));
  ASSERT_EQ(world_.RunUntilIdle(), 1) << world_.Log();
  ASSERT_EQ(world_.DeadLetters().size(), 1U);
  world_.Sql(R"(UPDATE embedders SET config = config || '{"model":"hash-8"}')");
  ASSERT_TRUE(world_.Run({"dlq", "replay", "--all"}).status.ok());
  ASSERT_EQ(world_.RunUntilIdle(), 0) << world_.Log();
  EXPECT_TRUE(world_.DeadLetters().empty());
  EXPECT_EQ(world_.PointIds(transform).size(), 1U) << world_.Log();
}

TEST_F(DeadLetterTest, CanBeReplayedAsTheNatsCommandPrintsThem) {
  const std::int64_t transform = world_.ImportItems("printed", 1, 1);
  world_.Publish(
      "[09:12:33] subj: dlq.dataset-transforms / tries: 1 / cons seq: 1 / str seq: 1 / pending: 0\n"
      "\nHeaders:\n\n  Dsw-Error-Type: unavailable\n  Nats-Msg-Id: dead-1\n\nData:\n\n\n" +
      JobFor(transform));
  ASSERT_EQ(world_.RunUntilIdle(), 0) << world_.Log();
  EXPECT_TRUE(world_.DeadLetters().empty());
  EXPECT_EQ(world_.PointIds(transform).size(), 1U);
}

TEST_F(DeadLetterTest, AnOwnerWithoutEndStopsNoWorker) {
  const std::int64_t transform = world_.ImportItems("owned", 1, 1);
  world_.Sql("UPDATE dataset_transforms SET owner_id = repeat('o', 5000)");
  world_.Publish(JobFor(transform, fmt::format(R"(,"owner_id":"{}")", std::string(5000, 'p'))));
  ASSERT_EQ(world_.RunUntilIdle(), 0) << world_.Log();
  EXPECT_EQ(world_.PointIds(transform).size(), 1U);
  const DeadLetter letter =
      Reason(fmt::format(R"({{"job_id":"{}","dataset_transform_id":1}})", std::string(9000, 'j')));
  EXPECT_THAT(letter.error, HasSubstr("`job_id`"));
}

}  // namespace
}  // namespace dsw
