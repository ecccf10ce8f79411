// SPDX-License-Identifier: Apache-2.0
//
// Getting jobs: alone, shared, late, and across a restart of the server.
#include "host/nats/pull_queue.h"

#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "tests/integration/nats/nats_fixture.h"

namespace dsw {
namespace {

using std::chrono::milliseconds;

class PullQueueTest : public QueueFixture {};

TEST_F(PullQueueTest, GivesNothingWhenThereIsNothing) {
  ASSERT_OK_AND_ASSIGN(const auto delivery, queue_->Fetch(std::stop_token()));
  EXPECT_EQ(delivery, nullptr);
}

TEST_F(PullQueueTest, GivesAMessageAndForgetsItOnceItIsAcknowledged) {
  Publish(*connection_, R"({"job_id":"a"})", "a");
  const auto delivery = FetchSoon(*queue_);
  ASSERT_NE(delivery, nullptr);
  EXPECT_EQ(delivery->payload(), R"({"job_id":"a"})");
  EXPECT_EQ(delivery->attempt(), 1U);
  ASSERT_OK_AND_ASSIGN(bool idle, queue_->Idle());
  EXPECT_FALSE(idle);
  ASSERT_OK(delivery->Ack());
  EXPECT_EQ(Messages(*connection_, "DATASET_TRANSFORMS"), 0U);
  ASSERT_OK_AND_ASSIGN(idle, queue_->Idle());
  EXPECT_TRUE(idle);
}

TEST_F(PullQueueTest, TakesTheAckWaitThatTheConsumerHas) {
  EXPECT_EQ(queue_->ack_wait(), kAckWait);
}

TEST_F(PullQueueTest, TakesMessagesOfTheStreamsOwnName) {
  ASSERT_EQ(natsConnection_PublishString(connection_->handle(), "DATASET_TRANSFORMS", "replayed"),
            NATS_OK);
  const auto delivery = FetchSoon(*queue_);
  ASSERT_NE(delivery, nullptr);
  EXPECT_EQ(delivery->payload(), "replayed");
}

TEST_F(PullQueueTest, StoresWhatIsPublishedOnce) {
  ASSERT_OK(queue_->Publish("range 0", "j-0"));
  ASSERT_OK(queue_->Publish("range 0", "j-0"));
  ASSERT_OK(queue_->Publish("range 1", "j-1"));
  EXPECT_EQ(Messages(*connection_, "DATASET_TRANSFORMS"), 2U);
  const auto delivery = FetchSoon(*queue_);
  ASSERT_NE(delivery, nullptr);
  EXPECT_EQ(delivery->payload(), "range 0");
}

TEST_F(PullQueueTest, PassesTheTraceContextOn) {
  NatsMsgHandle message;
  ASSERT_EQ(natsMsg_Create(Out(message), kJobSubject, nullptr, "x", 1), NATS_OK);
  natsMsgHeader_Set(message.get(), "traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7-01");
  ASSERT_EQ(natsConnection_PublishMsg(connection_->handle(), message.get()), NATS_OK);
  const auto delivery = FetchSoon(*queue_);
  ASSERT_NE(delivery, nullptr);
  EXPECT_EQ(delivery->traceparent(), "00-0af7651916cd43dd8448eb211c80319c-b7-01");
}

TEST_F(PullQueueTest, HandsAMessageOutAgainWhenItsWorkerIsLost) {
  Publish(*connection_, "job", "a");
  const auto other = Connect();
  {
    const auto lost = OpenQueue(*other);
    ASSERT_NE(FetchSoon(*lost), nullptr);
  }
  const auto delivery = FetchSoon(*queue_);
  ASSERT_NE(delivery, nullptr);
  EXPECT_EQ(delivery->attempt(), 2U);
}

TEST_F(PullQueueTest, SharesMessagesWithOtherWorkersWithoutHandingOneOutTwice) {
  constexpr int kJobs = 40;
  for (int i = 0; i < kJobs; ++i) Publish(*connection_, std::to_string(i), std::to_string(i));
  const auto other = Connect();
  const auto other_queue = OpenQueue(*other);
  std::mutex mutex;
  std::multiset<std::string> seen;
  std::set<PullQueue*> busy;
  const auto work = [&](PullQueue& queue) {
    while (true) {
      {
        const std::lock_guard lock(mutex);
        if (seen.size() >= kJobs && busy.size() == 2) return;
      }
      const auto delivery = queue.Fetch(std::stop_token());
      ASSERT_OK(delivery);
      if (*delivery == nullptr) return;
      ASSERT_OK((*delivery)->Ack());
      const std::lock_guard lock(mutex);
      seen.emplace((*delivery)->payload());
      busy.insert(&queue);
    }
  };
  {
    std::vector<std::jthread> threads;
    for (PullQueue* queue : {queue_.get(), other_queue.get()}) {
      for (int i = 0; i < 2; ++i) threads.emplace_back([&, queue] { work(*queue); });
    }
  }
  EXPECT_EQ(seen.size(), static_cast<std::size_t>(kJobs));
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(),
            static_cast<std::size_t>(kJobs));
  EXPECT_EQ(busy.size(), 2U);
}

TEST_F(PullQueueTest, ReturnsAtOnceWhenToldToStopBeforehand) {
  Publish(*connection_, "job", "a");
  std::stop_source stop;
  stop.request_stop();
  ASSERT_OK_AND_ASSIGN(const auto delivery, queue_->Fetch(stop.get_token()));
  EXPECT_EQ(delivery, nullptr);
  const auto later = FetchSoon(*queue_);
  ASSERT_NE(later, nullptr);
  EXPECT_EQ(later->attempt(), 1U);
}

TEST_F(PullQueueTest, HandsBackWhatComesAfterItWasToldToStop) {
  std::stop_source stop;
  std::atomic<bool> got = false;
  {
    const std::jthread fetching([&] {
      const auto delivery = queue_->Fetch(stop.get_token());
      got = !delivery || *delivery != nullptr;
    });
    // The request is at the server before the stop and the message are.
    ASSERT_TRUE(Eventually([&] {
      JsConsumerInfoHandle info;
      js_GetConsumerInfo(Out(info), connection_->jetstream(), "DATASET_TRANSFORMS",
                         "worker-datasets", nullptr, nullptr);
      return info && info->NumWaiting == 1;
    }));
    stop.request_stop();
    Publish(*connection_, "job", "a");
  }
  EXPECT_FALSE(got);
  const auto again = FetchSoon(*queue_);
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(again->payload(), "job");
}

TEST_F(PullQueueTest, GoesOnAfterTheServerWasRestartedInMidFetch) {
  std::atomic<bool> stopped = false;
  std::atomic<bool> told_unavailable = false;
  std::unique_ptr<Delivery> delivery;
  {
    const std::jthread fetching([&] {
      while (delivery == nullptr && !stopped) {
        auto fetched = queue_->Fetch(std::stop_token());
        if (fetched) {
          delivery = *std::move(fetched);
        } else if (fetched.error().code == Code::kUnavailable) {
          told_unavailable = true;
        }
      }
    });
    server_.Crash();
    EXPECT_TRUE(Eventually([&] { return told_unavailable.load(); }));
    server_.Start();
    const auto other = Connect();
    Publish(*other, "after the crash", "a");
    stopped = !Eventually([&] {
      const auto idle = queue_->Idle();
      return idle && !*idle;
    });
  }
  if (delivery == nullptr) delivery = FetchSoon(*queue_);
  ASSERT_NE(delivery, nullptr);
  EXPECT_EQ(delivery->payload(), "after the crash");
  EXPECT_OK(delivery->Ack());
}

TEST_F(PullQueueTest, MakesAgainWhatIsDeletedWhileItRuns) {
  for (const char* stream : {"DATASET_TRANSFORMS", "DLQ_DATASET_TRANSFORMS", "TRANSFORM_STATUS"}) {
    ASSERT_EQ(js_DeleteStream(connection_->jetstream(), stream, nullptr, nullptr), NATS_OK);
    EXPECT_TRUE(Eventually([&] {
      (void)queue_->Health();
      JsStreamInfoHandle info;
      return js_GetStreamInfo(Out(info), connection_->jetstream(), stream, nullptr, nullptr) ==
             NATS_OK;
    })) << stream;
  }
  ASSERT_EQ(js_DeleteConsumer(connection_->jetstream(), "DATASET_TRANSFORMS", "worker-datasets",
                              nullptr, nullptr),
            NATS_OK);
  EXPECT_OK(queue_->Health()) << "a consumer that is gone is made again at once";
  Publish(*connection_, "job", "a");
  const auto delivery = FetchSoon(*queue_);
  ASSERT_NE(delivery, nullptr);
  EXPECT_OK(delivery->Ack());
}

TEST_F(PullQueueTest, MakesAgainWhatTheServerLost) {
  server_.Stop();
  server_.LoseStore();
  server_.Start();
  const auto other = Connect();
  EXPECT_TRUE(Eventually([&] {
    (void)queue_->Health();
    return PublishJob(*other, "DATASET_TRANSFORMS", "job", "a").has_value();
  }));
  EXPECT_NE(FetchSoon(*queue_), nullptr);
}

TEST_F(PullQueueTest, SaysWhatIsGoneWhenItMayNotMakeIt) {
  NatsTopology topology = Topology();
  topology.create = false;
  const auto queue = OpenQueue(*connection_, topology);
  const auto fails_with = [&](std::string_view what) {
    return Eventually([&] {
      const Status health = queue->Health();
      return !health && health.error().code == Code::kNotFound &&
             health.error().message.find(what) != std::string::npos;
    });
  };
  ASSERT_EQ(js_DeleteConsumer(connection_->jetstream(), "DATASET_TRANSFORMS", "worker-datasets",
                              nullptr, nullptr),
            NATS_OK);
  EXPECT_TRUE(fails_with("consumer worker-datasets of stream DATASET_TRANSFORMS does not exist"));
  ASSERT_EQ(js_DeleteStream(connection_->jetstream(), "DATASET_TRANSFORMS", nullptr, nullptr),
            NATS_OK);
  EXPECT_TRUE(fails_with("stream DATASET_TRANSFORMS does not exist: create it"));
}

TEST_F(PullQueueTest, DoesNotOpenWithoutItsConsumer) {
  NatsTopology topology = Topology();
  topology.consumer = "nobody";
  EXPECT_FAIL(PullQueue::Open(*connection_, {.topology = topology, .worker = "test-worker"}),
              Code::kNotFound, "open consumer nobody of stream DATASET_TRANSFORMS");
}

}  // namespace
}  // namespace dsw
