// SPDX-License-Identifier: Apache-2.0
//
// From submitting a job to seeing how it went.
#include "host/nats/job_publisher.h"
#include "host/nats/progress_publisher.h"
#include "host/nats/progress_watcher.h"
#include "tests/integration/nats/nats_fixture.h"

namespace dsw {
namespace {

class ProgressTest : public NatsFixture {
 protected:
  void SetUp() override {
    connection_ = Connect();
    ASSERT_OK(EnsureTopology(*connection_, Topology()));
  }

  static Progress Event(const std::string& job_id, std::int64_t chunks, bool final = false) {
    Progress progress;
    progress.job_id = job_id;
    progress.dataset_transform_id = 5;
    progress.owner_id = "owner.with dots";
    progress.dataset_id = 3;
    progress.state = final ? JobState::kSuccess : JobState::kProcessing;
    progress.final = final;
    progress.chunk_count = chunks;
    progress.total_chunks = 10;
    progress.timestamp = std::chrono::system_clock::now();
    return progress;
  }

  std::unique_ptr<ProgressPublisher> OpenPublisher() {
    auto publisher = ProgressPublisher::Open(*connection_);
    EXPECT_OK(publisher);
    return *std::move(publisher);
  }

  std::unique_ptr<ProgressWatcher> Watch(const std::string& job_id) {
    auto watcher = ProgressWatcher::Open(*connection_, "TRANSFORM_STATUS", 5, job_id);
    EXPECT_OK(watcher);
    return *std::move(watcher);
  }

  static std::optional<Progress> NextSoon(ProgressWatcher& watcher) {
    std::optional<Progress> progress;
    Eventually([&] {
      const auto next = watcher.Next(std::stop_token());
      EXPECT_OK(next);
      if (next) progress = *next;
      return progress.has_value();
    });
    return progress;
  }

  std::unique_ptr<NatsConnection> connection_;
};

TEST_F(ProgressTest, AJobIsPublishedOnce) {
  ASSERT_OK_AND_ASSIGN(const PublishedJob first,
                       PublishJob(*connection_, "DATASET_TRANSFORMS", "{}", "same"));
  EXPECT_EQ(first.stream, "DATASET_TRANSFORMS");
  EXPECT_EQ(first.sequence, 1U);
  ASSERT_OK_AND_ASSIGN(const PublishedJob second,
                       PublishJob(*connection_, "DATASET_TRANSFORMS", "{}", "same"));
  EXPECT_EQ(second.sequence, 1U);
  EXPECT_EQ(Messages(*connection_, "DATASET_TRANSFORMS"), 1U);
}

TEST_F(ProgressTest, AJobForAnotherStreamIsNotPublished) {
  EXPECT_FAIL(PublishJob(*connection_, "SOMEWHERE_ELSE", "{}", "a"), Code::kConflict,
              "publish a job to stream SOMEWHERE_ELSE");
}

TEST_F(ProgressTest, AWatcherSeesTheEventsOfItsJobInOrder) {
  const auto publisher = OpenPublisher();
  publisher->Publish(Event("mine", 1));  // Too early.
  ASSERT_OK(publisher->PublishFinal(Event("done before", 2, true)));
  const auto watcher = Watch("mine");
  publisher->Publish(Event("mine", 3));
  publisher->Publish(Event("other", 4));
  ASSERT_OK(publisher->PublishFinal(Event("mine", 5, true)));

  const auto first = NextSoon(*watcher);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->chunk_count, 3);
  EXPECT_FALSE(first->final);
  const auto last = NextSoon(*watcher);
  ASSERT_TRUE(last);
  EXPECT_EQ(last->chunk_count, 5);
  EXPECT_TRUE(last->final);
  ASSERT_OK_AND_ASSIGN(const auto none, watcher->Next(std::stop_token()));
  EXPECT_FALSE(none);
}

TEST_F(ProgressTest, AWatcherMissesNothingWhenTheServerRestarts) {
  const auto publisher = OpenPublisher();
  const auto watcher = Watch("mine");
  publisher->Publish(Event("mine", 1));
  ASSERT_TRUE(NextSoon(*watcher));
  publisher->Publish(Event("mine", 2));
  ASSERT_TRUE(Eventually([&] { return Messages(*connection_, "TRANSFORM_STATUS") == 2; }))
      << "stored, but not yet seen";
  server_.Stop();
  ASSERT_TRUE(Eventually([&] { return !connection_->Health(); }));
  ASSERT_OK_AND_ASSIGN(const auto none, watcher->Next(std::stop_token()));
  EXPECT_FALSE(none);
  server_.Start();
  ASSERT_TRUE(Eventually([&] { return connection_->Health().has_value(); }));
  ASSERT_OK(publisher->PublishFinal(Event("mine", 3, true)));
  for (const std::int64_t chunks : {2, 3}) {
    const auto event = NextSoon(*watcher);
    ASSERT_TRUE(event);
    EXPECT_EQ(event->chunk_count, chunks);
  }
}

TEST_F(ProgressTest, AnEventThatCannotBePublishedIsLostWithoutHarm) {
  const auto publisher = OpenPublisher();
  ASSERT_EQ(js_DeleteStream(connection_->jetstream(), "TRANSFORM_STATUS", nullptr, nullptr),
            NATS_OK);
  publisher->Publish(Event("mine", 1));
  EXPECT_FALSE(publisher->PublishFinal(Event("mine", 2, true)));
  ASSERT_OK(EnsureTopology(*connection_, Topology()));
  ASSERT_OK(publisher->PublishFinal(Event("mine", 3, true)));
  EXPECT_EQ(Messages(*connection_, "TRANSFORM_STATUS"), 1U);
}

TEST_F(ProgressTest, TheLastEventOfAJobIsStoredOnceHoweverOftenItIsPublished) {
  const auto publisher = OpenPublisher();
  ASSERT_OK(publisher->PublishFinal(Event("mine", 9, true)));
  // Another delivery of the job, at another time.
  ASSERT_OK(publisher->PublishFinal(Event("mine", 9, true)));
  ASSERT_OK(publisher->PublishFinal(Event("other", 9, true)));
  EXPECT_EQ(Messages(*connection_, "TRANSFORM_STATUS"), 2U);
}

TEST_F(ProgressTest, AJobThatFailedMaySucceedRightAfterwards) {
  const auto publisher = OpenPublisher();
  Progress failed = Event("mine", 1, true);
  failed.state = JobState::kFailed;
  ASSERT_OK(publisher->PublishFinal(failed));
  ASSERT_OK(publisher->PublishFinal(Event("mine", 9, true)));
  EXPECT_EQ(Messages(*connection_, "TRANSFORM_STATUS"), 2U);
}

TEST_F(ProgressTest, NothingThatAnEventTellsClosesTheConnection) {
  const auto publisher = OpenPublisher();
  Progress event = Event("mine", 1);
  event.owner_id = std::string(100000, 'o');
  event.error = std::string(3000000, 'e');
  publisher->Publish(event);
  ASSERT_OK(publisher->PublishFinal(event));
  EXPECT_TRUE(Eventually([&] { return Messages(*connection_, "TRANSFORM_STATUS") == 2; }));
}

TEST_F(ProgressTest, AWatcherNeedsTheStatusStream) {
  EXPECT_FAIL(ProgressWatcher::Open(*connection_, "NOWHERE", 5, "mine"), Code::kNotFound,
              "look up stream NOWHERE");
}

}  // namespace
}  // namespace dsw
