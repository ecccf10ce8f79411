// SPDX-License-Identifier: Apache-2.0
//
// Jobs that cannot succeed: each goes to the dead-letter stream with its reason, and the worker
// goes on with the next.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
    EXPECT_EQ(world_.RunUntilIdle(), 0) << world_.Log();
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

TEST_F(DeadLetterTest, ADisabledTransform) {
  const std::int64_t transform = world_.ImportItems("off", 1, 1);
  world_.Sql(fmt::format(
      "UPDATE dataset_transforms SET is_enabled = false WHERE dataset_transform_id = {}",
      transform));
  const DeadLetter letter = Reason(JobFor(transform));
  EXPECT_EQ(letter.error_type, "invalid");
  EXPECT_THAT(letter.error, HasSubstr("disabled"));
}

TEST_F(DeadLetterTest, AnUnknownProvider) {
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
  world_.Set("LOG_LEVEL", "trace");
  const std::int64_t transform = world_.ImportItems("secret", 1, 1, "{}", "nobody:m");
  const std::string payload =
      JobFor(transform,
             R"(,"embedder_config":{"provider":"sk-in-provider","api_key":"sk-in-job-secret"})");
  world_.Publish(payload);
  ASSERT_EQ(world_.RunUntilIdle(), 0);
  ASSERT_EQ(world_.DeadLetters().size(), 1U);
  EXPECT_THAT(world_.Log(), testing::Not(HasSubstr("sk-in-job-secret")));
  EXPECT_THAT(world_.DeadLetters()[0].error, testing::Not(HasSubstr("sk-in-job-secret")));
}

}  // namespace
}  // namespace dsw
