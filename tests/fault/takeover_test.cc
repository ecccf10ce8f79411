// SPDX-License-Identifier: Apache-2.0
//
// Workers that are stopped for longer than the ack wait, again and again, so that others take over
// while they still believe in their jobs.
#include <csignal>
#include <set>
#include <thread>

#include "tests/fault/fault_test.h"
#include "tests/fault/random_edits.h"
#include "tests/fault/rounds.h"

namespace dsw::fault_test {
namespace {

constexpr int kBatch = 5;
constexpr int kWindow = 3;

class TakeoverTest : public FaultTest {
 protected:
  /// Stops one of two workers for a while, then the other; how often.
  int StopInTurn(std::vector<Process>& workers, RandomEdits* edits, Dice& dice) {
    int stops = 0;
    for (; stops < 4 && world_.Queued() > 0; ++stops) {
      Process& worker = workers[static_cast<std::size_t>(stops) % workers.size()];
      worker.Signal(SIGSTOP);
      // From well within the ack wait of a second to well past it.
      std::this_thread::sleep_for(std::chrono::milliseconds(dice.Between(300, 2200)));
      if (edits != nullptr) edits->Edit();
      worker.Signal(SIGCONT);
      std::this_thread::sleep_for(std::chrono::milliseconds(dice.Between(0, 300)));
    }
    return stops;
  }
};

TEST_F(TakeoverTest, StoppedWorkersPayAtMostAWindowTwiceAndEachJobEndsOnce) {
  world_.Set("BATCHES_IN_FLIGHT", std::to_string(kWindow));
  ForEachRound([this](int round, Dice& dice) {
    world_.NewRound();
    const std::int64_t transform = world_.Import(fmt::format("stopped {}", round), 20, 10, kBatch);
    world_.Script(R"({"id":"slow","at":"before_embed","do":"sleep","ms":60})");
    world_.SubmitJob(transform);
    std::vector<Process> workers;
    for (const char* name : {"one", "two"}) workers.push_back(world_.Start(name));
    ASSERT_TRUE(Eventually([&] { return world_.Paid().size() >= kBatch; }));
    const int stops = StopInTurn(workers, nullptr, dice);
    EXPECT_TRUE(Eventually([&] { return world_.Queued() == 0; }));
    for (Process& worker : workers) worker.Signal(SIGTERM);
    for (Process& worker : workers) EXPECT_TRUE(worker.Wait(std::chrono::seconds(10)));
    // On a busy machine one that was not stopped may be late with a sign of life, too.
    constexpr int kLate = 2;
    const auto most = static_cast<std::size_t>(200 + (stops + kLate) * kWindow * kBatch);
    EXPECT_LE(world_.Paid().size(), most);
    // What a late writer may have touched is embedded once more.
    ASSERT_TRUE(world_.NextJob(transform));
    ExpectClean(transform);
  });
}

TEST_F(TakeoverTest, EditsUnderStoppedWorkersAreWholeAfterTheNextJob) {
  ForEachRound([this](int round, Dice& dice) {
    world_.NewRound();
    world_.SetFence(round % 2 == 0);
    world_.Set("QDRANT_UPLOAD_BATCH_SIZE", "2");
    const std::int64_t transform = world_.Import(fmt::format("edited {}", round), 15, 6, kBatch);
    world_.Script(R"({"id":"slow","at":"before_embed","do":"sleep","ms":60},
                     {"id":"slower","at":"before_upsert","do":"sleep","ms":40})");
    std::vector<Process> workers;
    for (const char* name : {"one", "two"}) workers.push_back(world_.Start(name));
    RandomEdits edits(world_, transform, 6, dice);
    for (int jobs = 0; jobs < 2; ++jobs) {
      world_.SubmitJob(transform, dice.OneIn(3) ? "full" : "incremental");
      StopInTurn(workers, &edits, dice);
    }
    EXPECT_TRUE(Eventually([&] { return world_.Queued() == 0; }));
    // Without a fence, who wrote too late has to live on to say so.
    for (Process& worker : workers) worker.Signal(SIGTERM);
    for (Process& worker : workers) EXPECT_TRUE(worker.Wait(std::chrono::seconds(10)));
    ASSERT_TRUE(world_.Drain());
    ASSERT_TRUE(world_.NextJob(transform));
    ExpectClean(transform);
  });
}

TEST_F(TakeoverTest, ManySubmitsOfOneTransformToManyWorkersArePaidForOnce) {
  world_.Set("BATCHES_IN_FLIGHT", std::to_string(kWindow));
  ForEachRound([this](int round, Dice& dice) {
    world_.NewRound();
    const std::int64_t transform = world_.Import(fmt::format("many {}", round), 20, 10, kBatch);
    ASSERT_TRUE(world_.Drain()) << "makes the streams";
    world_.Script(R"({"id":"slow","at":"before_embed","do":"sleep","ms":20})");
    std::vector<Process> workers;
    for (const char* name : {"one", "two", "three"}) workers.push_back(world_.Start(name));
    for (int jobs = dice.Between(2, 5); jobs > 0; --jobs) world_.SubmitJob(transform);
    for (int copies = dice.Between(2, 5); copies > 0; --copies) {
      world_.PublishJobNamed(fmt::format("named {}", round), transform);
    }
    EXPECT_TRUE(Eventually([&] { return world_.Queued() == 0; }));
    for (Process& worker : workers) worker.Kill();
    EXPECT_LE(world_.Paid().size(), 200U + kWindow * kBatch);
    ExpectClean(transform);
  });
}

}  // namespace
}  // namespace dsw::fault_test
