// SPDX-License-Identifier: Apache-2.0
#include "host/domain/progress_codec.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "host/base/secret.h"
#include "tests/support/matchers.h"

namespace dsw {
namespace {

Progress Example() {
  return {.job_id = "j",
          .dataset_transform_id = 2,
          .embedded_dataset_id = 7,
          .owner_id = "owner",
          .dataset_id = 1,
          .state = JobState::kProcessing,
          .final = false,
          .chunk_count = 30,
          .total_chunks = 120,
          .failed_chunks = 6,
          .batches_done = 3,
          .tokens = 900,
          .error = std::nullopt,
          .processing_duration = std::nullopt,
          .timestamp = {}};
}

TEST(ProgressCodecTest, HasTheKeysThatSemanticExplorerReadsAndOurs) {
  const auto json = nlohmann::json::parse(ProgressJson(Example()));
  for (const char* key :
       {"job_id", "dataset_transform_id", "embedded_dataset_id", "owner_id", "batch_file_key",
        "chunk_count", "status", "error", "processing_duration_ms", "total_chunks", "failed_chunks",
        "batches_done", "percent", "tokens", "final", "timestamp"}) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
  EXPECT_EQ(json["status"], "processing");
  EXPECT_EQ(json["percent"], 30.0);
  EXPECT_EQ(json["timestamp"], "1970-01-01T00:00:00.000Z");
}

TEST(ProgressCodecTest, AnEmptyDatasetIsWhollyDoneWhenItSucceeded) {
  Progress progress = Example();
  progress.total_chunks = progress.chunk_count = progress.failed_chunks = 0;
  EXPECT_EQ(nlohmann::json::parse(ProgressJson(progress))["percent"], 0.0);
  progress.state = JobState::kSuccess;
  EXPECT_EQ(nlohmann::json::parse(ProgressJson(progress))["percent"], 100.0);
}

TEST(ProgressCodecTest, ReadsWhatItWrote) {
  Progress progress = Example();
  progress.state = JobState::kFailed;
  progress.final = true;
  progress.error = "no such model";
  progress.processing_duration = std::chrono::milliseconds(1234);
  ASSERT_OK_AND_ASSIGN(const Progress read, ParseProgress(ProgressJson(progress)));
  EXPECT_EQ(read.state, JobState::kFailed);
  EXPECT_TRUE(read.final);
  EXPECT_EQ(read.error, "no such model");
  EXPECT_EQ(read.processing_duration, std::chrono::milliseconds(1234));
  EXPECT_EQ(read.chunk_count, 30);
}

TEST(ProgressCodecTest, RefusesWhatIsNoEvent) {
  EXPECT_FAIL(ParseProgress("{}"), Code::kInvalid, "not a status event");
  EXPECT_FAIL(ParseProgress("nonsense"), Code::kInvalid, "not a status event");
  std::string huge = ProgressJson(Progress());
  const std::string count = R"("total_chunks":0)";
  huge.replace(huge.find(count), count.size(), R"("total_chunks":2.7e81)");
  EXPECT_FAIL(ParseProgress(huge), Code::kInvalid, "`total_chunks` is not an integer");
}

TEST(ProgressCodecTest, MasksSecretsInTheError) {
  RememberSecret("sk-progress-secret");
  Progress progress = Example();
  progress.error = "401 for key sk-progress-secret";
  EXPECT_EQ(ProgressJson(progress).find("sk-progress-secret"), std::string::npos);
}

TEST(ProgressCodecTest, AnEventFitsIntoAMessageWhateverItTells) {
  Progress progress = Example();
  progress.owner_id = std::string(2000000, 'o');
  progress.error = std::string(2000000, 'e');
  const std::string json = ProgressJson(progress);
  EXPECT_LT(json.size(), 16000U);
  ASSERT_OK_AND_ASSIGN(const Progress read, ParseProgress(json));
  EXPECT_EQ(read.error, std::string(4096, 'e'));
}

TEST(ProgressCodecTest, TheSubjectHasOneTokenPerPart) {
  Progress progress = Example();
  EXPECT_EQ(ProgressSubject(progress), "transforms.dataset.status.owner.1.2");
  progress.owner_id = "a.b *>";
  EXPECT_EQ(ProgressSubject(progress), "transforms.dataset.status.a_b___.1.2");
  progress.owner_id = std::string(100000, 'x');
  const std::string bounded = ProgressSubject(progress);
  EXPECT_LT(bounded.size(), 128U);
  progress.owner_id += 'y';
  EXPECT_NE(ProgressSubject(progress), bounded);
  progress.owner_id = "";
  EXPECT_EQ(ProgressSubject(progress), "transforms.dataset.status._.1.2");
}

}  // namespace
}  // namespace dsw
