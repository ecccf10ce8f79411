// SPDX-License-Identifier: Apache-2.0
//
// Settling a message: later, not yet, or never again.
#include "host/nats/delivery.h"

#include <thread>

#include "host/base/secret.h"
#include "tests/integration/nats/nats_fixture.h"

namespace dsw {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kDeadLetters = "DLQ_DATASET_TRANSFORMS";

class DeliveryTest : public QueueFixture {
 protected:
  using QueueFixture::QueueFixture;
};

TEST_F(DeliveryTest, ComesBackAfterTheDelayAndNotBefore) {
  Publish(*connection_, "job", "a");
  auto delivery = FetchSoon(*queue_);
  ASSERT_NE(delivery, nullptr);
  const auto given_back = std::chrono::steady_clock::now();
  // Longer than the ack wait, which must not matter any more.
  ASSERT_OK(delivery->RetryIn(milliseconds(2500)));
  ASSERT_OK_AND_ASSIGN(const bool idle, queue_->Idle());
  EXPECT_FALSE(idle);
  delivery = FetchSoon(*queue_);
  ASSERT_NE(delivery, nullptr);
  EXPECT_GE(std::chrono::steady_clock::now() - given_back, milliseconds(2500));
  EXPECT_EQ(delivery->attempt(), 2U);
}

TEST_F(DeliveryTest, ComesBackAtOnceWithoutDelay) {
  Publish(*connection_, "job", "a");
  ASSERT_OK(FetchSoon(*queue_)->RetryIn(milliseconds(0)));
  const auto delivery = FetchSoon(*queue_);
  ASSERT_NE(delivery, nullptr);
  EXPECT_EQ(delivery->attempt(), 2U);
}

TEST_F(DeliveryTest, StaysWithItsWorkerWhileItIsInProgress) {
  Publish(*connection_, "job", "a");
  const auto delivery = FetchSoon(*queue_);
  ASSERT_NE(delivery, nullptr);
  const auto other = Connect();
  const auto other_queue = OpenQueue(*other);
  {
    const std::jthread beating([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        EXPECT_OK(delivery->InProgress());
        std::this_thread::sleep_for(kAckWait / 5);
      }
    });
    const auto end = std::chrono::steady_clock::now() + 3 * kAckWait;
    while (std::chrono::steady_clock::now() < end) {
      ASSERT_OK_AND_ASSIGN(const auto stolen, other_queue->Fetch(std::stop_token()));
      EXPECT_EQ(stolen, nullptr);
    }
  }
  EXPECT_OK(delivery->Ack());
  EXPECT_EQ(Messages(*connection_, "DATASET_TRANSFORMS"), 0U);
}

TEST_F(DeliveryTest, BecomesADeadLetterThatTellsItsStory) {
  NatsMsgHandle job;
  const std::string payload = R"({"job_id":"j1"})";
  ASSERT_EQ(natsMsg_Create(Out(job), kJobSubject, nullptr, payload.data(),
                           static_cast<int>(payload.size())),
            NATS_OK);
  natsMsgHeader_Set(job.get(), "traceparent", "00-abc-def-01");
  natsMsgHeader_Set(job.get(), "Nats-Msg-Id", "dt-1");
  natsMsgHeader_Set(job.get(), "Nats-Expected-Stream", "DATASET_TRANSFORMS");
  ASSERT_EQ(natsConnection_PublishMsg(connection_->handle(), job.get()), NATS_OK);
  RememberSecret("sk-very-secret");

  const auto delivery = FetchSoon(*queue_);
  ASSERT_NE(delivery, nullptr);
  ASSERT_OK(delivery->DeadLetter({.error_type = "unauthenticated",
                                  .error = "the key sk-very-secret\r\nwas refused",
                                  .job_id = "j1",
                                  .fault = "worker"}));
  ASSERT_OK(delivery->Ack());

  EXPECT_EQ(Messages(*connection_, "DATASET_TRANSFORMS"), 0U);
  ASSERT_EQ(Messages(*connection_, kDeadLetters), 1U);
  const auto letter = LastMessage(*connection_, kDeadLetters, kDeadLetterSubject);
  EXPECT_EQ(std::string(natsMsg_GetData(letter.get()),
                        static_cast<std::size_t>(natsMsg_GetDataLength(letter.get()))),
            payload);
  EXPECT_EQ(Header(letter, "Dsw-Error-Type"), "unauthenticated");
  EXPECT_EQ(Header(letter, "Dsw-Error"), "the key ***  was refused");
  EXPECT_EQ(Header(letter, "Dsw-Fault"), "worker");
  EXPECT_EQ(Header(letter, "Dsw-Attempts"), "1");
  EXPECT_EQ(Header(letter, "Dsw-Job-Id"), "j1");
  EXPECT_EQ(Header(letter, "Dsw-Original-Subject"), kJobSubject);
  EXPECT_EQ(Header(letter, "Dsw-Original-Sequence"), "1");
  EXPECT_EQ(Header(letter, "Dsw-Worker"), "test-worker");
  EXPECT_THAT(Header(letter, "Dsw-Failed-At"), testing::MatchesRegex("20.*T.*Z"));
  EXPECT_EQ(Header(letter, "traceparent"), "00-abc-def-01");
  EXPECT_EQ(Header(letter, "Dsw-Original-Msg-Id"), "dt-1");
  EXPECT_EQ(Header(letter, "Nats-Expected-Stream"), "");
}

TEST_F(DeliveryTest, LeavesApiKeysOutOfTheDeadLetter) {
  Publish(*connection_, R"({"job_id":"j1","embedder_config":{"api_key":"sk-inline","model":"m"}})",
          "a");
  const auto delivery = FetchSoon(*queue_);
  ASSERT_NE(delivery, nullptr);
  ASSERT_OK(delivery->DeadLetter({.error_type = "invalid", .error = "no", .job_id = "j1"}));
  ASSERT_OK(delivery->Ack());
  const auto letter = LastMessage(*connection_, kDeadLetters, kDeadLetterSubject);
  EXPECT_THAT(natsMsg_GetData(letter.get()), HasSubstr(R"("model":"m")"));
  EXPECT_THAT(natsMsg_GetData(letter.get()), Not(HasSubstr("sk-inline")));
}

TEST_F(DeliveryTest, IsStoredOnceEvenIfTwoWorkersGiveItUp) {
  Publish(*connection_, "job", "a");
  const auto delivery = FetchSoon(*queue_);
  ASSERT_NE(delivery, nullptr);
  const DeadLetterReason reason{.error_type = "invalid", .error = "no", .job_id = ""};
  // As if its worker had been silent for too long, and came back after another one got the job.
  const auto again = FetchSoon(*queue_);
  ASSERT_NE(again, nullptr);
  ASSERT_OK(delivery->DeadLetter(reason));
  ASSERT_OK(delivery->Ack());
  ASSERT_OK(again->DeadLetter(reason));
  ASSERT_OK(again->Ack());
  EXPECT_EQ(Messages(*connection_, kDeadLetters), 1U);
  EXPECT_EQ(Messages(*connection_, "DATASET_TRANSFORMS"), 0U);
}

TEST_F(DeliveryTest, StaysInTheQueueWhenTheDeadLetterCannotBeStored) {
  Publish(*connection_, "job", "a");
  auto delivery = FetchSoon(*queue_);
  ASSERT_NE(delivery, nullptr);
  ASSERT_EQ(js_DeleteStream(connection_->jetstream(), kDeadLetters, nullptr, nullptr), NATS_OK);
  const DeadLetterReason reason{.error_type = "invalid", .error = "no", .job_id = ""};
  const Status status = delivery->DeadLetter(reason);
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message, HasSubstr("dead-letter stream DLQ_DATASET_TRANSFORMS"));
  EXPECT_EQ(Messages(*connection_, "DATASET_TRANSFORMS"), 1U);

  ASSERT_OK(EnsureTopology(*connection_, Topology()));
  delivery = FetchSoon(*queue_);
  ASSERT_NE(delivery, nullptr);
  EXPECT_EQ(delivery->attempt(), 2U);
  ASSERT_OK(delivery->DeadLetter(reason));
  ASSERT_OK(delivery->Ack());
  EXPECT_EQ(Messages(*connection_, kDeadLetters), 1U);
}

TEST_F(DeliveryTest, CanBeAcknowledgedAfterTheServerCameBack) {
  Publish(*connection_, "job", "a");
  const auto delivery = FetchSoon(*queue_);
  ASSERT_NE(delivery, nullptr);
  server_.Stop();
  ASSERT_TRUE(Eventually([&] { return !queue_->Health(); }));
  EXPECT_FALSE(delivery->Ack());
  server_.Start();
  EXPECT_TRUE(Eventually([&] { return delivery->Ack().has_value(); }));
  EXPECT_TRUE(Eventually([&] { return Messages(*connection_, "DATASET_TRANSFORMS") == 0; }));
}

class SmallServerTest : public DeliveryTest {
 protected:
  SmallServerTest() : DeliveryTest("max_payload: 65536") {}
};

TEST_F(SmallServerTest, KeepsAPayloadThatLeavesLittleRoomForTheReasons) {
  for (const int bytes : {60000, 65000, 65400}) {
    const std::string payload(static_cast<std::size_t>(bytes), 'x');
    Publish(*connection_, payload, std::to_string(bytes));
    const auto delivery = FetchSoon(*queue_);
    ASSERT_NE(delivery, nullptr);
    ASSERT_OK(delivery->DeadLetter(
        {.error_type = "invalid", .error = std::string(100000, 'e'), .job_id = "j"}));
    ASSERT_OK(delivery->Ack());
    EXPECT_EQ(Messages(*connection_, "DATASET_TRANSFORMS"), 0U);
    const auto letter = LastMessage(*connection_, kDeadLetters, kDeadLetterSubject);
    EXPECT_EQ(natsMsg_GetDataLength(letter.get()), bytes);
    EXPECT_EQ(Header(letter, "Dsw-Payload-Omitted"), "");
    // 136 bytes are less than its reasons need, and enough for what keeps it from being doubled.
    EXPECT_EQ(Header(letter, "Dsw-Error-Type"), bytes > 65100 ? "" : "invalid") << bytes;
    EXPECT_NE(Header(letter, "Nats-Msg-Id"), "") << bytes;
  }
}

TEST_F(SmallServerTest, LeavesOutAPayloadThatDoesNotFitAtAll) {
  const std::string payload(65530, 'x');
  ASSERT_EQ(natsConnection_Publish(connection_->handle(), kJobSubject, payload.data(),
                                   static_cast<int>(payload.size())),
            NATS_OK);
  const auto delivery = FetchSoon(*queue_);
  ASSERT_NE(delivery, nullptr);
  ASSERT_OK(delivery->DeadLetter({.error_type = "invalid", .error = "not JSON", .job_id = ""}));
  ASSERT_OK(delivery->Ack());
  EXPECT_EQ(Messages(*connection_, "DATASET_TRANSFORMS"), 0U);
  const auto letter = LastMessage(*connection_, kDeadLetters, kDeadLetterSubject);
  EXPECT_EQ(Header(letter, "Dsw-Payload-Omitted"), "65530 bytes");
  EXPECT_EQ(Header(letter, "Dsw-Error"), "not JSON");
}

TEST_F(SmallServerTest, NothingThatAJobSaysClosesTheConnection) {
  NatsMsgHandle job;
  ASSERT_EQ(natsMsg_Create(Out(job), kJobSubject, nullptr, "x", 1), NATS_OK);
  const std::string value(1500, 'v');
  for (int i = 0; i < 40; ++i) {
    natsMsgHeader_Set(job.get(), ("X-Header-" + std::to_string(i)).c_str(), value.c_str());
  }
  ASSERT_EQ(natsConnection_PublishMsg(connection_->handle(), job.get()), NATS_OK);
  const auto delivery = FetchSoon(*queue_);
  ASSERT_NE(delivery, nullptr);
  ASSERT_OK(delivery->DeadLetter({.error_type = "invalid",
                                  .error = std::string(100000, 'e'),
                                  .job_id = std::string(100000, 'j')}));
  ASSERT_OK(delivery->Ack());
  EXPECT_OK(connection_->Health());
  EXPECT_EQ(Messages(*connection_, kDeadLetters), 1U);
}

TEST_F(DeliveryTest, StaysInTheQueueWhileTheDeadLetterStreamIsFull) {
  jsStreamConfig config{};
  jsStreamConfig_Init(&config);
  const char* subjects[] = {kDeadLetterSubject};
  config.Name = kDeadLetters;
  config.Subjects = subjects;
  config.SubjectsLen = 1;
  config.MaxMsgs = 1;
  config.Discard = js_DiscardNew;
  jsCtx* const js = connection_->jetstream();
  ASSERT_EQ(js_DeleteStream(js, kDeadLetters, nullptr, nullptr), NATS_OK);
  ASSERT_EQ(js_AddStream(nullptr, js, &config, nullptr, nullptr), NATS_OK);
  Publish(*connection_, "first", "a");
  Publish(*connection_, "second", "b");
  const DeadLetterReason reason{.error_type = "invalid", .error = "no", .job_id = ""};
  const auto first = FetchSoon(*queue_);
  ASSERT_OK(first->DeadLetter(reason));
  ASSERT_OK(first->Ack());
  const Status refused = FetchSoon(*queue_)->DeadLetter(reason);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message,
              AllOf(HasSubstr("dead-letter stream DLQ_DATASET_TRANSFORMS"),
                    HasSubstr("maximum messages exceeded"), HasSubstr("the job stays in its queue"),
                    HasSubstr("dlq purge")));
  EXPECT_EQ(Messages(*connection_, "DATASET_TRANSFORMS"), 1U);
}

}  // namespace
}  // namespace dsw
