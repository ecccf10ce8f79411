// SPDX-License-Identifier: Apache-2.0
//
// What is not a job's fault costs the job nothing; what is ends.
#include <csignal>
#include <fstream>

#include <sys/resource.h>
#include <unistd.h>

#include "tests/fault/fault_test.h"

namespace dsw::fault_test {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

class WhoseFaultTest : public FaultTest {
 protected:
  /// Jobs for `count` transforms of 10 chunks each.
  std::vector<std::int64_t> SubmitJobs(int count) {
    std::vector<std::int64_t> transforms;
    for (int i = 0; i < count; ++i) {
      transforms.push_back(world_.Import(fmt::format("waiting {}", i), 2, 5, 5));
      world_.SubmitJob(transforms.back());
    }
    return transforms;
  }
  void ExpectAllDone(const std::vector<std::int64_t>& transforms) {
    ExpectClean(transforms);
    EXPECT_EQ(world_.Paid().size(), transforms.size() * 10) << "nothing is paid for twice";
  }
  /// A plugin directory without the embedder "fault".
  std::string PoorPlugins() {
    const fs::path poor = world_.directory() / "poor";
    fs::create_directory(poor);
    for (const char* plugin : {"sink_fault.so", "embed_test.so"}) {
      fs::copy_file(world_.directory() / "plugins" / plugin, poor / plugin);
    }
    return poor;
  }
};

TEST_F(WhoseFaultTest, AWorkerWithoutTheProviderLeavesItsJobsToOthers) {
  const std::string plugins = PoorPlugins();
  const std::vector<std::int64_t> transforms = SubmitJobs(6);
  Process poor = world_.Start("poor", {{"PLUGIN_DIR", plugins}});
  ASSERT_TRUE(Eventually([&] { return world_.Logs().find("serving jobs") != std::string::npos; }));
  Process able = world_.Start("able", {{"WORKER_CONCURRENCY", "1"}});
  EXPECT_TRUE(Eventually([&] { return world_.Queued() == 0; }, std::chrono::seconds(20)));
  poor.Kill();
  able.Kill();
  ExpectAllDone(transforms);
}

TEST_F(WhoseFaultTest, AProviderThatNobodyHasEndsInADeadLetterAfterAWhile) {
  const std::int64_t transform = world_.Import("nobody", 1, 1);
  const std::string job = world_.SubmitJob(transform);
  const auto begun = std::chrono::steady_clock::now();
  Process poor =
      world_.Start("poor", {{"PLUGIN_DIR", PoorPlugins()}, {"PROVIDER_PATIENCE_SECS", "3"}});
  ASSERT_TRUE(Eventually([&] { return world_.DeadLetters().size() == 1; }));
  EXPECT_GE(std::chrono::steady_clock::now() - begun, std::chrono::seconds(3));
  EXPECT_THAT(world_.DeadLetters().at(0).error, HasSubstr("fault"));
  // It comes after the dead letter.
  EXPECT_TRUE(Eventually([&] { return world_.LastEventsOf(job).size() == 1; }));
}

TEST_F(WhoseFaultTest, ATextThatKillsTheWorkerEndsInADeadLetterOrAFailedChunk) {
  constexpr int kMostDeaths = 6;
  world_.Set("MAX_RETRIES", "2");
  const std::int64_t transform =
      world_.ImportLines("poison", R"({"title":"t","chunks":["good","POISON","also good"]})",
                         {"--embedder", "fault:hash-8", "--config", R"({"maker":"poison"})"});
  world_.Script(R"({"id":"crash","at":"before_embed","do":"abort","text":"POISON"})");
  const std::string job = world_.SubmitJob(transform);
  int deaths = 0;
  bool settled = false;
  while (!settled && deaths <= kMostDeaths) {
    Process worker = world_.Start("w", {}, {"--until-idle"});
    const auto ended = worker.Wait(std::chrono::seconds(30));
    ASSERT_TRUE(ended);
    settled = world_.Drained(*ended);
    deaths += settled ? 0 : 1;
  }
  ASSERT_TRUE(settled) << deaths << " deaths without an end";
  EXPECT_EQ(world_.LastEventsOf(job).size(), 1U);
  if (world_.DeadLetters().empty()) {
    ExpectClean(transform, {.refused = {"POISON"}});
  } else {
    EXPECT_THAT(world_.DeadLetters()[0].error, HasSubstr("died"));
  }
}

TEST_F(WhoseFaultTest, ATextThatKillsTheWorkerCostsNoOtherJobOfIt) {
  world_.Set("MAX_RETRIES", "1");
  const std::int64_t poison =
      world_.ImportLines("poison", R"({"title":"t","chunks":["POISON"]})",
                         {"--embedder", "fault:hash-8", "--config", R"({"maker":"poison"})"});
  const std::vector<std::int64_t> innocent = {world_.Import("innocent a", 1, 3),
                                              world_.Import("innocent b", 1, 3)};
  // The innocent are slow: the other one dies before they recorded anything.
  world_.Script(R"({"id":"slow","at":"before_embed","do":"sleep","ms":3000,"text":"innocent"},
                   {"id":"late","at":"before_embed","do":"sleep","ms":1000,"text":"POISON"},
                   {"id":"crash","at":"before_embed","do":"abort","text":"POISON"})");
  world_.SubmitJob(poison);
  for (const std::int64_t transform : innocent) world_.SubmitJob(transform);
  bool settled = false;
  for (int starts = 0; !settled && starts < 6; ++starts) {
    Process worker = world_.Start("w", {}, {"--until-idle"});
    const auto ended = worker.Wait(std::chrono::seconds(40));
    ASSERT_TRUE(ended);
    settled = world_.Drained(*ended);
  }
  ASSERT_TRUE(settled);
  ASSERT_EQ(world_.DeadLetters().size(), 1U) << "of the one that kills";
  EXPECT_THAT(world_.DeadLetters()[0].error, HasSubstr("died"));
  ExpectClean(innocent, {.dead_letters = 1});
}

TEST_F(WhoseFaultTest, NothingIsPaidForWhileTheDatabaseIsReadOnly) {
  const std::vector<std::int64_t> transforms = SubmitJobs(3);
  world_.Set("MAX_RETRIES", "1");
  SetReadOnly(true);
  Process worker = world_.Start();
  // For as long as it takes to try, and to try again.
  EXPECT_FALSE(Eventually([&] { return !world_.Sent().empty(); }, std::chrono::seconds(4)));
  SetReadOnly(false);
  EXPECT_TRUE(Eventually([&] { return world_.Queued() == 0; }));
  worker.Kill();
  ExpectAllDone(transforms);
}

TEST_F(WhoseFaultTest, AJobIsSaidToBeDeadLetteredOnceItIs) {
  MakeBoundedStream(world_.nats().Url(), "DLQ_DATASET_TRANSFORMS",
                    {"dlq.dataset-transforms", "DLQ_DATASET_TRANSFORMS"}, 1);
  PublishTo(world_.nats().Url(), "dlq.dataset-transforms", "fills the stream");
  const std::int64_t transform = world_.Import("full", 1, 1);
  world_.Script(R"({"id":"bad","at":"describe","do":"fail","category":"not_found","times":1000})");
  const std::string job = world_.SubmitJob(transform);
  Process worker = world_.Start();
  ASSERT_TRUE(world_.AwaitFired("bad"));
  world_.AwaitFired("bad", 3, std::chrono::seconds(4));
  EXPECT_EQ(world_.LastEventsOf(job).size(), 0U) << "it is not over";
  EXPECT_THAT(world_.Logs(), testing::Not(HasSubstr("job dead-lettered")));
  EXPECT_EQ(world_.Queued(), 1);
  PurgeStream(world_.nats().Url(), "DLQ_DATASET_TRANSFORMS");
  ASSERT_TRUE(Eventually([&] { return world_.Queued() == 0; }));
  worker.Signal(SIGTERM);
  ASSERT_TRUE(worker.Wait(std::chrono::seconds(10)));
  EXPECT_EQ(world_.DeadLetters().size(), 1U);
  EXPECT_EQ(world_.LastEventsOf(job).size(), 1U);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // They map all at once.
/// From now on the process can map so many bytes more.
void LetGrow(pid_t pid, rlim_t bytes) {
  rlim_t pages = 0;
  std::ifstream(fmt::format("/proc/{}/statm", pid)) >> pages;
  const rlim_t most = pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) + bytes;
  const rlimit limit{most, most};
  ASSERT_EQ(prlimit(pid, RLIMIT_AS, &limit, nullptr), 0);
}

TEST_F(WhoseFaultTest, AWorkerThatCanStartNoThreadCountsThatAndSaysSo) {
  world_.Set("MAX_RETRIES", "1");
  const std::int64_t transform = world_.Import("no threads", 1, 1);
  Process worker = world_.Start();
  ASSERT_TRUE(Eventually([&] { return world_.Logs().find("serving jobs") != std::string::npos; }));
  LetGrow(worker.pid(), 4 << 20);  // Less than a stack.
  const std::string job = world_.SubmitJob(transform);
  ASSERT_TRUE(Eventually([&] { return world_.DeadLetters().size() == 1; }));
  EXPECT_THAT(world_.DeadLetters()[0].error, HasSubstr("exception"));
  EXPECT_TRUE(Eventually([&] { return world_.LastEventsOf(job).size() == 1; }));
}
#endif

TEST_F(WhoseFaultTest, ASinkThatRefusesTheKeyForAWhileCostsNoJobAndNoMoney) {
  const std::vector<std::int64_t> transforms = SubmitJobs(8);
  world_.Set("MAX_RETRIES", "1");
  world_.Script(R"({"id":"key","at":"sink","do":"fail","category":"auth","http_status":401})");
  Process worker = world_.Start();
  Eventually([&] { return !world_.DeadLetters().empty(); }, std::chrono::seconds(4));
  EXPECT_EQ(world_.DeadLetters().size(), 0U);
  EXPECT_EQ(world_.Paid().size(), 0U) << "the sink is asked first";
  world_.Script("");
  EXPECT_TRUE(Eventually([&] { return world_.Queued() == 0; }));
  worker.Kill();
  ExpectAllDone(transforms);
}

TEST_F(WhoseFaultTest, ASinkThatFailsInMidJobForAWhileCostsNoJobAndNoMoney) {
  const std::vector<std::int64_t> transforms = SubmitJobs(8);
  world_.Set("MAX_RETRIES", "1");
  world_.Set("EMBEDDER_MAX_RETRIES", "1");
  world_.Script(R"({"id":"slow","at":"before_embed","do":"sleep","ms":50})");
  Process worker = world_.Start();
  ASSERT_TRUE(Eventually([&] { return world_.Paid().size() >= 10; }));
  world_.Script(R"({"id":"down","at":"sink","do":"fail","category":"unavailable"})");
  Eventually([&] { return !world_.DeadLetters().empty(); }, std::chrono::seconds(4));
  world_.Script("");
  EXPECT_TRUE(Eventually([&] { return world_.Queued() == 0; }));
  worker.Kill();
  ExpectAllDone(transforms);
}

TEST_F(WhoseFaultTest, ASinkThatMayBeReadAndNotWrittenIsNotPaidForAgainAndAgain) {
  world_.Set("BATCHES_IN_FLIGHT", "1");
  const std::int64_t transform = world_.Import("read only", 2, 5, 5);
  world_.Script(R"({"id":"w","at":"before_upsert","do":"fail","category":"auth"},
                   {"id":"r","at":"before_remove","do":"fail","category":"auth",
                    "times":1000})");
  world_.SubmitJob(transform);
  Process worker = world_.Start();
  EXPECT_TRUE(world_.AwaitFired("r"));
  // For as long as it takes to try again several times.
  EXPECT_FALSE(Eventually([&] { return world_.Paid().size() > 5; }, std::chrono::seconds(8)));
  EXPECT_EQ(world_.DeadLetters().size(), 0U);
  world_.Script("");
  EXPECT_TRUE(Eventually([&] { return world_.Queued() == 0; }));
  worker.Kill();
  ExpectClean(transform);
}

TEST_F(WhoseFaultTest, ASinkThatIsDownForLongerThanAnybodysPatienceCostsNoJob) {
  const std::vector<std::int64_t> transforms = SubmitJobs(8);
  world_.Set("MAX_RETRIES", "1");
  world_.Set("EMBEDDER_OUTAGE_PATIENCE", "1");
  world_.Script(R"({"id":"slow","at":"before_embed","do":"sleep","ms":50})");
  Process worker = world_.Start("w", {{"BATCHES_IN_FLIGHT", "1"}});
  ASSERT_TRUE(Eventually([&] { return world_.Paid().size() >= 10; }));
  world_.Script(R"({"id":"down","at":"sink","do":"fail","category":"unavailable"})");
  EXPECT_FALSE(Eventually([&] { return !world_.DeadLetters().empty(); }, std::chrono::seconds(5)));
  world_.Script("");
  EXPECT_TRUE(Eventually([&] { return world_.Queued() == 0; }));
  worker.Kill();
  ExpectClean(transforms);
  constexpr std::size_t kJobThreads = 4;
  EXPECT_LE(world_.Paid().size(), 80U + kJobThreads * 5) << "a batch for each job thread";
}

TEST_F(WhoseFaultTest, RightsThatTheDatabaseTakesAwayForAWhileCostNoJob) {
  const std::vector<std::int64_t> transforms = SubmitJobs(6);
  world_.Set("MAX_RETRIES", "1");
  const std::string role = "limited_" + world_.database();
  world_.Sql("CREATE ROLE " + role + " LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO " + role +
             "; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO " + role);
  world_.Script(R"({"id":"slow","at":"before_embed","do":"sleep","ms":100})");
  Process worker = world_.Start(
      "w", {{"DATABASE_URL", fmt::format("postgresql://{}@127.0.0.1:{}/{}", role,
                                         world_.postgres().port(), world_.database())}});
  ASSERT_TRUE(Eventually([&] { return !world_.Paid().empty(); }));
  world_.Sql("REVOKE INSERT ON dataset_transform_leases FROM " + role);
  EXPECT_FALSE(Eventually([&] { return !world_.DeadLetters().empty(); }, std::chrono::seconds(4)));
  world_.Sql("GRANT INSERT ON dataset_transform_leases TO " + role);
  EXPECT_TRUE(Eventually([&] { return world_.Queued() == 0; }));
  worker.Kill();
  ExpectAllDone(transforms);
}

TEST_F(WhoseFaultTest, AJobThatOthersGoOnWithIsNotGivenUpForWantOfTheProvider) {
  const FaultWorld::Variables lacking = {{"PLUGIN_DIR", PoorPlugins()},
                                         {"PROVIDER_PATIENCE_SECS", "6"}};
  const std::int64_t transform = world_.Import("long", 12, 5, 5);
  world_.SubmitJob(transform);
  const auto begun = std::chrono::steady_clock::now();
  Process poor = world_.Start("poor", lacking);
  ASSERT_TRUE(Eventually([&] {
    return world_.Sql("SELECT count(*) FROM dataset_transform_job_failures") == "1";
  })) << "it left the job to others";
  poor.Kill();
  world_.Script(R"({"id":"slow","at":"before_embed","do":"sleep","ms":1000})");
  Process able = world_.Start("able", {{"BATCHES_IN_FLIGHT", "1"}});
  ASSERT_TRUE(Eventually([&] {
    return world_.Paid().size() >= 10 &&
           std::chrono::steady_clock::now() - begun > std::chrono::seconds(7);
  }));
  able.Signal(SIGTERM);
  ASSERT_TRUE(able.Wait(std::chrono::seconds(10)));
  ASSERT_EQ(world_.Queued(), 1) << "handed back in mid-job";
  poor = world_.Start("poor", lacking);
  EXPECT_FALSE(Eventually([&] { return !world_.DeadLetters().empty(); }, std::chrono::seconds(3)))
      << "somebody had the provider a moment ago";
  poor.Kill();
  world_.Script("");
  ASSERT_TRUE(world_.Drain());
  ExpectClean(transform);
}

}  // namespace
}  // namespace dsw::fault_test
