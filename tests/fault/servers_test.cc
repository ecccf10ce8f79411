// SPDX-License-Identifier: Apache-2.0
//
// Servers that are restarted, killed, frozen, refuse to write, or come back with an older state.
#include <csignal>

#include "tests/fault/fault_test.h"
#include "tests/fault/random_edits.h"
#include "tests/fault/rounds.h"

namespace dsw::fault_test {
namespace {

namespace fs = std::filesystem;
constexpr char kSlow[] = R"({"id":"slow","at":"before_embed","do":"sleep","ms":30})";

class ServersTest : public FaultTest {
 protected:
  /// One trouble of a server, and its end.
  void Trouble(Dice& dice) {
    const std::chrono::milliseconds lasts(dice.Between(100, 2500));
    switch (dice.Between(0, 7)) {
      case 0:
        world_.postgres().Crash();
        std::this_thread::sleep_for(lasts);
        return world_.postgres().Start();
      case 1:
        world_.postgres().Stop();
        return world_.postgres().Start();
      case 2:
        world_.postgres().Freeze();
        std::this_thread::sleep_for(lasts);
        return world_.postgres().Thaw();
      case 3:
        world_.nats().Crash();
        std::this_thread::sleep_for(lasts);
        return world_.nats().Start();
      case 4:
        world_.nats().Stop();
        return world_.nats().Start();
      case 5:
        world_.nats().Freeze();
        std::this_thread::sleep_for(lasts);
        return world_.nats().Thaw();
      case 6:
        SetReadOnly(true);
        std::this_thread::sleep_for(lasts);
        return SetReadOnly(false);
      default:
        world_.Script(fmt::format(R"({{"id":"sink","at":"sink","do":"fail","category":"{}"}})",
                                  dice.OneIn(2) ? "unavailable" : "auth"));
        std::this_thread::sleep_for(lasts);
        return world_.Script(kSlow);
    }
  }
};

TEST_F(ServersTest, TroublesOfServersLoseNothingAndDeadLetterNothing) {
  ForEachRound([this](int round, Dice& dice) {
    world_.NewRound();
    const std::int64_t transform = world_.Import(fmt::format("servers {}", round), 20, 10, 5);
    world_.Script(kSlow);
    world_.SubmitJob(transform);
    std::vector<Process> workers;
    for (const char* name : {"one", "two"}) workers.push_back(world_.Start(name));
    RandomEdits edits(world_, transform, 6, dice);
    for (int i = 0; i < 3; ++i) {
      Trouble(dice);
      edits.Edit();
      if (dice.OneIn(2)) world_.SubmitJob(transform);
    }
    EXPECT_TRUE(Eventually([&] { return world_.Queued() == 0; }, std::chrono::seconds(40)))
        << "done by the workers that lived through it";
    for (Process& worker : workers) worker.Kill();
    ASSERT_TRUE(world_.Drain());
    ASSERT_TRUE(world_.NextJob(transform));
    ExpectClean(transform);
  });
}

TEST_F(ServersTest, AQueueThatIsPutBackRepeatsNothing) {
  const std::int64_t transform = world_.Import("put back", 4, 5);
  const std::string job = world_.SubmitJob(transform);
  const fs::path copy = world_.directory() / "store";
  world_.nats().Stop();
  fs::copy(world_.nats().store(), copy, fs::copy_options::recursive);
  world_.nats().Start();
  ASSERT_TRUE(world_.Drain());
  world_.nats().Stop();
  world_.nats().LoseStore();
  fs::copy(copy, world_.nats().store(), fs::copy_options::recursive);
  world_.nats().Start();
  ASSERT_EQ(world_.Queued(), 1);
  ASSERT_TRUE(world_.Drain());
  EXPECT_EQ(world_.Paid().size(), 20U);
  ExpectClean(transform);
}

TEST_F(ServersTest, AQueueThatIsLostIsMadeAgainByTheWorkerItself) {
  const std::int64_t transform = world_.Import("lost alone", 4, 5);
  const Process worker = world_.Start();
  ASSERT_TRUE(Eventually([&] { return world_.Logs().find("serving jobs") != std::string::npos; }));
  world_.nats().Crash();
  world_.nats().LoseStore();
  ASSERT_TRUE(Eventually([&] { return world_.Logs().find("not ready") != std::string::npos; }));
  world_.nats().Start();
  // Publishing makes no stream.
  EXPECT_TRUE(Eventually([&] {
    try {
      world_.PublishJobNamed("late", transform);
      return true;
    } catch (const std::runtime_error&) {
      return false;
    }
  })) << world_.Logs();
  EXPECT_TRUE(Eventually([&] { return world_.PointsOf(transform).size() == 20; })) << world_.Logs();
}

TEST_F(ServersTest, AQueueThatIsLostEndsAWorkerThatMayNotMakeIt) {
  ASSERT_TRUE(world_.Drain()) << "makes the streams";
  Process worker = world_.Start("w", {{"NATS_CREATE_STREAMS", "false"}});
  const auto log = [&] { return ReadFile(world_.directory() / "worker-w.log"); };
  ASSERT_TRUE(Eventually([&] { return log().find("serving jobs") != std::string::npos; }));
  world_.nats().Crash();
  world_.nats().LoseStore();
  ASSERT_TRUE(Eventually([&] { return log().find("not ready") != std::string::npos; }));
  world_.nats().Start();
  const auto ended = worker.Wait(std::chrono::seconds(40));
  ASSERT_TRUE(ended) << world_.Logs();
  EXPECT_EQ(ended->code, 1);
  EXPECT_THAT(log(), testing::HasSubstr("stream DATASET_TRANSFORMS does not exist"));
}

TEST_F(ServersTest, AQueueThatIsLostIsMadeAgainAndDueJobsAreFound) {
  const std::int64_t transform = world_.Import("lost queue", 4, 5);
  Process worker = world_.Start();
  ASSERT_TRUE(Eventually([&] { return world_.Logs().find("serving jobs") != std::string::npos; }));
  world_.SubmitJob(transform);
  ASSERT_TRUE(Eventually([&] { return world_.Queued() == 0; }));
  Edit(transform,
       "UPDATE dataset_items SET chunks = '[\"newer text\"]' WHERE dataset_id = DATASET");
  world_.nats().Crash();
  world_.nats().LoseStore();
  world_.nats().Start();
  const auto submit_due = [this] { return world_.Run({"submit", "--due"}); };
  const Output due = submit_due();
  EXPECT_TRUE(due.status.ok()) << due.err;
  const auto served = [&] {
    return world_.PointsOf(transform).size() == 4 && world_.Queued() == 0;
  };
  EXPECT_TRUE(Eventually(served, std::chrono::seconds(15))) << "the worker serves the new stream";
  EXPECT_TRUE(worker.Running());
  worker.Kill();
  const Output again = submit_due();
  EXPECT_TRUE(again.status.ok()) << again.err;
  EXPECT_EQ(world_.Queued(), 0) << "nothing is due any more";
  ExpectClean(transform, {.events = false});
}

TEST_F(ServersTest, ADatabaseThatIsPutBackIsRepairedByVerify) {
  world_.Set("VECTOR_SINK", "sqlite");
  const std::int64_t transform = world_.Import("restored", 6, 5);
  ASSERT_TRUE(world_.NextJob(transform));
  world_.postgres().TerminateBackends(world_.database());
  world_.postgres().Sql("postgres", "CREATE DATABASE earlier TEMPLATE " + world_.database());
  Edit(transform,
       "UPDATE dataset_items SET chunks = jsonb_set(chunks, '{0}', '\"newer text\"') "
       "WHERE title IN ('item 0', 'item 1') AND dataset_id = DATASET");
  Edit(transform,
       "INSERT INTO dataset_items (dataset_id, title, chunks) VALUES (DATASET, 'more', "
       "'[\"one\", \"two\"]')");
  Edit(transform, "DELETE FROM dataset_items WHERE title = 'item 5' AND dataset_id = DATASET");
  ASSERT_TRUE(world_.NextJob(transform));
  world_.postgres().Sql("postgres", "DROP DATABASE " + world_.database() + " WITH (FORCE)");
  world_.postgres().Sql("postgres", "CREATE DATABASE " + world_.database() + " TEMPLATE earlier");
  const std::size_t paid = world_.Paid().size();
  const std::string id = std::to_string(transform);
  EXPECT_FALSE(world_.Run({"verify", "--transform", id}).status.ok()) << "there is something wrong";
  const Output repaired = world_.Run({"verify", "--transform", id, "--repair"});
  EXPECT_TRUE(repaired.status.ok()) << repaired.err;
  ASSERT_TRUE(world_.Drain());
  EXPECT_TRUE(world_.Run({"verify", "--transform", id}).status.ok());
  EXPECT_LE(world_.Paid().size(), paid + 2 * 5 + 5) << "exactly what is wrong, item by item";
  ExpectClean(transform, {.events = false});
}

}  // namespace
}  // namespace dsw::fault_test
