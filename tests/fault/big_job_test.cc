// SPDX-License-Identifier: Apache-2.0
//
// One big job over a fleet whose members are killed all along, with edits and overlapping submits.
// DSW_FAULT_CHUNKS (3000) sets its size, DSW_FAULT_KILL_EVERY_MS (800) how often one is killed.
#include <set>
#include <thread>

#include "tests/fault/fault_test.h"
#include "tests/fault/random_edits.h"
#include "tests/fault/rounds.h"

namespace dsw::fault_test {
namespace {

constexpr int kPerItem = 20;
constexpr int kBatch = 50;
constexpr int kWindow = 4;

class BigJobTest : public FaultTest {
 protected:
  BigJobTest() {
    world_.Set("BATCHES_IN_FLIGHT", std::to_string(kWindow));
    world_.Set("LOG_LEVEL", "info");
  }
};

TEST_F(BigJobTest, AFleetThatIsKilledAllAlongLosesNothingAndPaysAWindowPerDeath) {
  const std::int64_t chunks = NumberFrom("DSW_FAULT_CHUNKS", 3000);
  const std::chrono::milliseconds every(NumberFrom("DSW_FAULT_KILL_EVERY_MS", 800));
  world_.Set("MAX_CHUNKS_PER_JOB", std::to_string(std::max<std::int64_t>(chunks / 10, 100)));
  Dice dice(static_cast<std::uint64_t>(NumberFrom("DSW_FAULT_SEED", 1)));
  const std::int64_t transform =
      world_.Import("big", static_cast<int>(chunks / kPerItem), kPerItem, kBatch);
  world_.Script(R"({"id":"slow","at":"before_embed","do":"sleep","ms":250})");
  world_.SubmitJob(transform);
  std::vector<Process> workers;
  int number = 0;
  const auto start = [&] { return world_.Start(fmt::format("w{}", number++)); };
  for (int i = 0; i < 3; ++i) workers.push_back(start());
  RandomEdits edits(world_, transform, kPerItem, dice);
  int deaths = 0;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(30);
  while (world_.Queued() > 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(every);
    Process& worker = workers[static_cast<std::size_t>(dice.Between(0, 2))];
    worker.Kill();
    ++deaths;
    worker = start();
    edits.Edit();
    if (dice.OneIn(4) && edits.made() < 40) world_.SubmitJob(transform);
  }
  for (Process& worker : workers) worker.Kill();
  ASSERT_TRUE(world_.Drain(std::chrono::minutes(5)));
  ASSERT_TRUE(world_.NextJob(transform));
  ExpectClean(transform);
  const std::vector<std::uint64_t> paid = world_.Paid();
  const std::set<std::uint64_t> texts(paid.begin(), paid.end());
  // An edit embeds all chunks of its item again.
  const int most = deaths * kWindow * kBatch + edits.made() * kPerItem;
  EXPECT_LE(paid.size(), texts.size() + static_cast<std::size_t>(most));
  std::cout << fmt::format("{} chunks, {} deaths, {} edits, {} texts paid for, {} of them again\n",
                           chunks, deaths, edits.made(), paid.size(), paid.size() - texts.size());
}

TEST_F(BigJobTest, ABigJobIsSharedByTheFleet) {
  world_.Set("MAX_CHUNKS_PER_JOB", "200");
  world_.Set("WORKER_CONCURRENCY", "1");
  const std::int64_t transform = world_.Import("shared", 50, kPerItem, kBatch);
  world_.Script(R"({"id":"slow","at":"before_embed","do":"sleep","ms":200})");
  const std::string job = world_.SubmitJob(transform);
  Process one = world_.Start("one", {{"BATCHES_IN_FLIGHT", "1"}});
  Process two = world_.Start("two", {{"BATCHES_IN_FLIGHT", "1"}});
  ASSERT_TRUE(
      Eventually([&] { return world_.Queued() == 0 && !world_.LastEventsOf(job).empty(); }));
  std::map<pid_t, int> shares = world_.PaidBy();
  EXPECT_GT(shares[one.pid()], 0);
  EXPECT_GT(shares[two.pid()], 0);
  one.Kill();
  two.Kill();
  EXPECT_EQ(world_.Paid().size(), 1000U);
  ExpectClean(transform);
}

TEST_F(BigJobTest, ABigJobDoesNotStarveSmallOnes) {
  world_.Set("MAX_CHUNKS_PER_JOB", "200");
  const std::int64_t big = world_.Import("starving", 100, kPerItem, kBatch);
  const std::int64_t small = world_.Import("starved", 1, 5, kBatch);
  world_.Script(R"({"id":"slow","at":"before_embed","do":"sleep","ms":150})");
  const std::string big_job = world_.SubmitJob(big);
  Process worker = world_.Start("w", {{"WORKER_CONCURRENCY", "1"}, {"BATCHES_IN_FLIGHT", "1"}});
  ASSERT_TRUE(Eventually([&] { return !world_.Paid().empty(); }));
  const std::string small_job = world_.SubmitJob(small);
  ASSERT_TRUE(Eventually([&] { return !world_.LastEventsOf(small_job).empty(); }));
  EXPECT_TRUE(world_.LastEventsOf(big_job).empty()) << "the small one need not wait for all of it";
}

}  // namespace
}  // namespace dsw::fault_test
