// SPDX-License-Identifier: Apache-2.0
//
// Workers that die, in the middle of jobs.
#include <csignal>
#include <random>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/world.h"

namespace dsw {
namespace {

constexpr int kBatch = 20;
constexpr int kWindow = 4;

class CrashTest : public testing::Test {
 protected:
  /// `items` × `chunks`, in batches of kBatch, each taking a little while.
  std::int64_t Import(int items, int chunks) {
    const std::int64_t transform =
        world_.ImportItems("crash", items, chunks, world_.CountConfig(R"("delay_ms":20)"));
    world_.Sql(fmt::format("UPDATE embedders SET batch_size = {}", kBatch));
    world_.Set("BATCHES_IN_FLIGHT", std::to_string(kWindow));
    return transform;
  }

  void ExpectEveryChunkOnce(std::int64_t transform) {
    EXPECT_EQ(world_.PointIds(transform), world_.ExpectedPointIds(transform));
    EXPECT_EQ(world_.Sql("SELECT count(*) FROM (SELECT first_item_id, first_chunk FROM "
                         "dataset_transform_batches GROUP BY 1, 2 HAVING count(*) > 1) twice"),
              "0");
    EXPECT_EQ(world_.Sql("SELECT sum(chunk_count) FROM dataset_transform_batches"),
              std::to_string(world_.ExpectedPointIds(transform).size()));
  }

  std::int64_t Recorded() {
    return std::stoll(
        world_.Sql("SELECT coalesce(sum(chunk_count), 0) FROM dataset_transform_batches"));
  }

  World world_;
};

TEST_F(CrashTest, TenKillsLoseNothingAndRepeatAtMostTheWindow) {
  constexpr int kKills = 10;
  const std::int64_t transform = Import(500, 10);
  world_.Submit(transform);

  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 random(seed);
  for (int kill = 0; kill < kKills; ++kill) {
    Process worker = world_.StartWorker();
    const std::int64_t before = world_.TextsEmbedded();
    // A random moment of its work, measured by what it has done.
    const std::int64_t until = before + std::uniform_int_distribution<>(1, 400)(random);
    ASSERT_TRUE(
        Eventually([&] { return world_.TextsEmbedded() >= until; }, std::chrono::seconds(60)))
        << world_.Log();
    worker.Kill();
  }
  ASSERT_EQ(world_.RunUntilIdle(), 0) << world_.Log();

  ExpectEveryChunkOnce(transform);
  EXPECT_LE(world_.TextsEmbedded(), 5000 + kKills * kWindow * kBatch);
  EXPECT_TRUE(world_.DeadLetters().empty());
}

TEST_F(CrashTest, AnotherWorkerTakesOverAndGoesOnFromTheRecords) {
  const std::int64_t transform = Import(200, 10);
  world_.Submit(transform);
  Process first = world_.StartWorker();
  ASSERT_TRUE(Eventually([&] { return Recorded() >= 200; })) << world_.Log();
  Process second = world_.StartWorker({"--until-idle"});
  first.Kill();
  const auto ended = second.Wait(std::chrono::minutes(2));
  ASSERT_TRUE(ended && ended->ok()) << world_.Log();
  ExpectEveryChunkOnce(transform);
  EXPECT_LE(world_.TextsEmbedded(), 2000 + kWindow * kBatch);
}

TEST_F(CrashTest, TwoWorkersShareTheJobs) {
  world_.Set("WORKER_CONCURRENCY", "1");
  std::vector<std::int64_t> transforms;
  for (int i = 0; i < 6; ++i) {
    transforms.push_back(world_.ImportItems(fmt::format("shared {}", i), 20, 10,
                                            world_.CountConfig(R"("delay_ms":100)")));
    world_.Submit(transforms.back());
  }
  Process one = world_.StartWorker({"--until-idle"});
  Process two = world_.StartWorker({"--until-idle"});
  const auto one_ended = one.Wait(std::chrono::minutes(2));
  const auto two_ended = two.Wait(std::chrono::minutes(2));
  ASSERT_TRUE(one_ended && one_ended->ok()) << world_.Log();
  ASSERT_TRUE(two_ended && two_ended->ok()) << world_.Log();
  for (const std::int64_t transform : transforms) {
    EXPECT_EQ(world_.PointIds(transform).size(), 200U);
  }
  EXPECT_EQ(world_.TextsEmbedded(), 1200);
}

TEST_F(CrashTest, SigtermHandsTheJobBackAndTheNextWorkerGoesOn) {
  const std::int64_t transform = Import(200, 10);
  world_.Submit(transform);
  Process worker = world_.StartWorker();
  ASSERT_TRUE(Eventually([&] { return Recorded() >= 100; })) << world_.Log();
  worker.Signal(SIGTERM);
  const auto ended = worker.Wait(std::chrono::seconds(30));
  ASSERT_TRUE(ended && ended->ok()) << world_.Log();
  const std::int64_t embedded = world_.TextsEmbedded();
  EXPECT_EQ(embedded, Recorded()) << "batches in flight are finished and recorded";
  EXPECT_LT(embedded, 2000);

  ASSERT_EQ(world_.RunUntilIdle(), 0) << world_.Log();
  ExpectEveryChunkOnce(transform);
  EXPECT_EQ(world_.TextsEmbedded(), 2000);
}

TEST_F(CrashTest, TheDatabaseMayGoAwayInMidJob) {
  const std::int64_t transform = Import(200, 10);
  world_.Submit(transform);
  Process worker = world_.StartWorker({"--until-idle"});
  ASSERT_TRUE(Eventually([&] { return Recorded() >= 100; })) << world_.Log();
  world_.postgres().TerminateBackends(world_.database());
  ASSERT_TRUE(Eventually([&] { return Recorded() >= 400; })) << world_.Log();
  world_.postgres().Crash();
  world_.postgres().Start();
  const auto ended = worker.Wait(std::chrono::minutes(2));
  ASSERT_TRUE(ended && ended->ok()) << world_.Log();
  ExpectEveryChunkOnce(transform);
  EXPECT_TRUE(world_.DeadLetters().empty());
}

TEST_F(CrashTest, NatsMayGoAwayInMidJob) {
  const std::int64_t transform = Import(200, 10);
  world_.Submit(transform);
  Process worker = world_.StartWorker({"--until-idle"});
  ASSERT_TRUE(Eventually([&] { return Recorded() >= 100; })) << world_.Log();
  world_.nats().Crash();
  ASSERT_TRUE(Eventually([&] { return Recorded() >= 300; })) << world_.Log();
  world_.nats().Start();
  const auto ended = worker.Wait(std::chrono::minutes(2));
  ASSERT_TRUE(ended && ended->ok()) << world_.Log();
  ExpectEveryChunkOnce(transform);
  EXPECT_TRUE(world_.DeadLetters().empty());
}

}  // namespace
}  // namespace dsw
