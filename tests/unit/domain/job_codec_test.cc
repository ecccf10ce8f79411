// SPDX-License-Identifier: Apache-2.0
#include "host/domain/job_codec.h"

#include <ostream>

#include <gtest/gtest.h>

#include "tests/support/matchers.h"

namespace dsw {
namespace {

TEST(JobCodecTest, ReadsAJobAsSemanticExplorerSendsIt) {
  ASSERT_OK_AND_ASSIGN(const Job job, ParseJob(R"({
    "job_id": "2f1c", "dataset_id": 1, "dataset_transform_id": 2, "embedded_dataset_id": 7,
    "owner_id": "00ff", "bucket": "unused", "collection_name": "embedded-dataset-7-00ff",
    "embedder_config": {"provider": "openai", "base_url": "https://x.invalid/v1",
      "api_key": "sk-verysecret", "model": "m", "config": {"dimensions": 256},
      "batch_size": 100, "max_input_tokens": 8191},
    "qdrant_config": {"url": "http://q.invalid:6334", "api_key": null}, "batch_size": 50})"));
  EXPECT_EQ(job.job_id, "2f1c");
  EXPECT_EQ(job.dataset_transform_id, 2);
  EXPECT_EQ(job.embedded_dataset_id, 7);
  EXPECT_EQ(job.batch_size, 50);
  ASSERT_TRUE(job.embedder);
  EXPECT_EQ(job.embedder->provider, "openai");
  EXPECT_EQ(job.embedder->api_key->Reveal(), "sk-verysecret");
  EXPECT_EQ(job.embedder->config_json, R"({"dimensions":256})");
  ASSERT_TRUE(job.sink);
  EXPECT_EQ(job.sink->url, "http://q.invalid:6334");
  EXPECT_FALSE(job.sink->api_key);
  EXPECT_EQ(job.mode, Mode::kIncremental);
}

TEST(JobCodecTest, ReadsWhatItWrote) {
  const Job job{.job_id = "j",
                .dataset_transform_id = 4,
                .embedded_dataset_id = 5,
                .owner_id = "me",
                .dataset_id = 6,
                .mode = Mode::kFull};
  ASSERT_OK_AND_ASSIGN(const Job read, ParseJob(JobJson(job)));
  EXPECT_EQ(read.dataset_transform_id, 4);
  EXPECT_EQ(read.embedded_dataset_id, 5);
  EXPECT_EQ(read.owner_id, "me");
  EXPECT_EQ(read.mode, Mode::kFull);
}

TEST(JobCodecTest, ARangeIsItsParentWithTwoMembersMore) {
  const std::string parent = R"({"job_id":"j","dataset_transform_id":4,"mode":"full",
      "embedder_config":{"api_key":"sk-of-the-job","model":"m"},"of_others":[1]})";
  const JobRange range{.number = 3, .first_item = 100, .last_item = 199};
  const std::string json = RangeJobJson(parent, 9, range);
  ASSERT_OK_AND_ASSIGN(const Job job, ParseJob(json));
  EXPECT_EQ(job.job_id, "j");
  EXPECT_EQ(job.mode, Mode::kFull);
  EXPECT_EQ(job.embedded_dataset_id, 9);
  EXPECT_EQ(job.range, range);
  EXPECT_EQ(job.embedder->api_key->Reveal(), "sk-of-the-job");
  EXPECT_NE(json.find(R"("of_others":[1])"), std::string::npos);
  ASSERT_OK_AND_ASSIGN(const Job again, ParseJob(JobJson(job)));
  EXPECT_EQ(again.range, range);
  ASSERT_OK_AND_ASSIGN(const Job whole, ParseJob(parent));
  EXPECT_FALSE(whole.range);
}

TEST(JobCodecTest, AJobIdIsShort) {
  const auto job = [](std::size_t size) {
    return R"({"dataset_transform_id":1,"job_id":")" + std::string(size, 'x') + "\"}";
  };
  EXPECT_OK(ParseJob(job(256)));
  EXPECT_FAIL(ParseJob(job(100000)), Code::kInvalid, "`job_id` must be a string of 1 to 256 bytes");
}

// As versions 0.1.5 to 0.5.1 of the command print it.
constexpr const char* kPrinted =
    "[09:12:33] subj: dlq.dataset-transforms / tries: 1 / cons seq: 1 / str seq: 1 / pending: 0\n"
    "\nHeaders:\n\n"
    "  Dsw-Error: [1] subj: {\n  Dsw-Error-Type: unavailable\n  Nats-Msg-Id: dead-1\n"
    "\nData:\n\n\n";

TEST(JobCodecTest, RefusesWhatIsNestedTooDeeplyAndKeepsNoKeyOfIt) {
  const std::string nested = std::string(100'000, '[') + std::string(100'000, ']');
  const std::string job = R"({"job_id":"j","dataset_transform_id":4,"embedder_config":{"api_key":)"
                          R"("key-to-hide","config":{"a":)" +
                          nested + "}}}";
  EXPECT_FAIL(ParseJob(job), Code::kInvalid, "nested more than 64 levels deep");
  EXPECT_EQ(ClaimOf(job).job_id, "j");
  EXPECT_EQ(WithoutApiKeys(job).find("key-to-hide"), std::string::npos);
}

TEST(JobCodecTest, ReadsAJobAsTheNatsCommandPrintsIt) {
  const std::string job = R"({"job_id":"j","dataset_transform_id":4,"mode":"full"})";
  const std::string line =
      "[09:12:33] subj: DATASET_TRANSFORMS / tries: 2 / cons seq: 9 / str seq: 1,234 / pending: "
      "0\n";
  for (const std::string& text :
       {kPrinted + job, kPrinted + job + "\n", kPrinted + job + "\n\nAcknowledged message\n\n",
        line + "\n" + job, kPrinted + ("{\n  \"a\":\"\\nData:\\n\"," + job.substr(1))}) {
    ASSERT_OK_AND_ASSIGN(const Job read, ParseJob(text));
    EXPECT_EQ(read.dataset_transform_id, 4) << text;
    EXPECT_EQ(read.mode, Mode::kFull) << text;
    EXPECT_EQ(ClaimOf(text).dataset_transform_id, 4) << text;
    ASSERT_OK_AND_ASSIGN(const Job range, ParseJob(RangeJobJson(text, 5, {.last_item = 7})));
    EXPECT_EQ(range.mode, Mode::kFull) << text;
  }
  EXPECT_FAIL(ParseJob(kPrinted), Code::kInvalid, "not JSON");
}

TEST(JobCodecTest, LiteralKeysAreTakenOutOfWhatTheNatsCommandPrints) {
  EXPECT_EQ(WithoutApiKeys(std::string(kPrinted) + R"({"qdrant_config":{"api_key":"sk-printed"}})"),
            R"({"qdrant_config":{"api_key":null}})");
}

TEST(JobCodecTest, TellsWhatAMessageIsAboutThatIsNoJob) {
  EXPECT_EQ(ClaimOf(R"({"job_id":"j","mode":"fast"})").job_id, "j");
  EXPECT_EQ(ClaimOf(R"({"job_id":7,"dataset_transform_id":8})").dataset_transform_id, 8);
  EXPECT_EQ(ClaimOf(R"({"job_id":7,"dataset_transform_id":"8"})").job_id, "");
  EXPECT_FALSE(ClaimOf("nonsense").dataset_transform_id);
}

TEST(JobCodecTest, LiteralKeysAreTakenOutOfWhatIsKept) {
  const std::string kept = WithoutApiKeys(
      R"({"job_id":"j","embedder_config":{"model":"m","api_key":"sk-literal"},
          "qdrant_config":{"api_key":"also-literal"}})");
  EXPECT_EQ(kept, R"({"embedder_config":{"api_key":null,"model":"m"},"job_id":"j",)"
                  R"("qdrant_config":{"api_key":null}})");
}

TEST(JobCodecTest, WhatHasNoLiteralKeyIsKeptToTheByte) {
  for (const char* text :
       {"{ \"job_id\" : 1 }", "not json", "[]", R"({"embedder_config": {"api_key": "env:KEY"}})",
        R"({"embedder_config": {"api_key": null}})", R"({"embedder_config": 5})"}) {
    EXPECT_EQ(WithoutApiKeys(text), text);
  }
}

struct BadJob {
  const char* json;
  const char* reason;

  friend void PrintTo(const BadJob& job, std::ostream* out) { *out << job.reason; }
};

class BadJobTest : public testing::TestWithParam<BadJob> {};

TEST_P(BadJobTest, IsRefusedWithTheMemberNamed) {
  EXPECT_FAIL(ParseJob(GetParam().json), Code::kInvalid, GetParam().reason);
}

INSTANTIATE_TEST_SUITE_P(
    JobCodecTest, BadJobTest,
    testing::Values(
        BadJob{"", "not JSON"}, BadJob{"{\"job_id\":", "not JSON"}, BadJob{"\xff\xfe", "not JSON"},
        BadJob{"[]", "not a JSON object"}, BadJob{"{}", "`job_id`"},
        BadJob{R"({"job_id":5})", "`job_id`"}, BadJob{R"({"job_id":""})", "`job_id`"},
        BadJob{R"({"job_id":"a\nb"})", "`job_id` must be a string of 1 to 256 bytes"},
        BadJob{R"({"job_id":"j"})", "`dataset_transform_id`"},
        BadJob{R"({"job_id":"j","dataset_transform_id":0})", "`dataset_transform_id`"},
        BadJob{R"({"job_id":"j","dataset_transform_id":1.5})", "`dataset_transform_id`"},
        BadJob{R"({"job_id":"j","dataset_transform_id":18446744073709551615})",
               "`dataset_transform_id`"},
        BadJob{R"({"job_id":"j","dataset_transform_id":1,"batch_size":0})", "`batch_size`"},
        BadJob{R"({"job_id":"j","dataset_transform_id":1,"batch_size":3000000000})",
               "`batch_size`"},
        BadJob{R"({"job_id":"j","dataset_transform_id":1,"mode":"fast"})", "`mode`"},
        BadJob{R"({"job_id":"j","dataset_transform_id":1,"embedder_config":[]})",
               "`embedder_config`"},
        BadJob{R"({"job_id":"j","dataset_transform_id":1,"embedder_config":{"config":3}})",
               "`embedder_config.config`"},
        BadJob{R"({"job_id":"j","dataset_transform_id":1,"embedder_config":{"api_key":"env:KEY"}})",
               "`api_key` names a variable or file of the worker"},
        BadJob{R"({"job_id":"j","dataset_transform_id":1,"qdrant_config":{"api_key":"file:/k"}})",
               "`api_key` names a variable or file of the worker"},
        BadJob{
            R"({"job_id":"j","dataset_transform_id":1,"embedder_config":{"config":{"base_url":"x"}}})",
            "send it as `embedder_config.base_url`"},
        BadJob{R"({"job_id":"j","dataset_transform_id":1,"batch_file_key":"batches/1.json"})",
               "object storage"},
        BadJob{R"({"job_id":"j","dataset_transform_id":1,"range":{}})", "`embedded_dataset_id`"},
        BadJob{R"({"job_id":"j","dataset_transform_id":1,"embedded_dataset_id":2,"range":7})",
               "`range` must be an object"},
        BadJob{R"({"job_id":"j","dataset_transform_id":1,"embedded_dataset_id":2,
                   "range":{"number":1,"first_item":5}})",
               "`range` must be {\"number\""},
        BadJob{R"({"job_id":"j","dataset_transform_id":1,"embedded_dataset_id":2,
                   "range":{"number":-1,"first_item":5,"last_item":6}})",
               "`number`"},
        BadJob{R"({"job_id":"j","dataset_transform_id":1,"embedded_dataset_id":2,
                   "range":{"number":1,"first_item":6,"last_item":5}})",
               "`range` must be {\"number\""}));

}  // namespace
}  // namespace dsw
