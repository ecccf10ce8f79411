// SPDX-License-Identifier: Apache-2.0
//
// What people do with dead letters.
#include "host/nats/dead_letter_queue.h"

#include <vector>

#include "host/nats/message.h"
#include "tests/integration/nats/nats_fixture.h"

namespace dsw {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class DeadLetterQueueTest : public QueueFixture {
 protected:
  DeadLetterQueue OpenLetters() {
    return DeadLetterQueue(*connection_, "DLQ_DATASET_TRANSFORMS", "DATASET_TRANSFORMS");
  }

  /// A job that came by `subject` and was given up.
  void GiveUp(const std::string& payload, const char* subject = kJobSubject) {
    NatsMsgHandle job;
    ASSERT_EQ(natsMsg_Create(Out(job), subject, nullptr, payload.data(),
                             static_cast<int>(payload.size())),
              NATS_OK);
    natsMsgHeader_Set(job.get(), "traceparent", "00-abc-def-01");
    ASSERT_EQ(natsConnection_PublishMsg(connection_->handle(), job.get()), NATS_OK);
    const auto delivery = FetchSoon(*queue_);
    ASSERT_NE(delivery, nullptr);
    ASSERT_OK(delivery->DeadLetter(
        {.error_type = "invalid", .error = "no", .job_id = "j", .fault = "job"}));
    ASSERT_OK(delivery->Ack());
  }

  /// Puts a message of another program into the dead-letter stream.
  void PublishLetter(const NatsHeaders& headers) {
    ASSERT_OK_AND_ASSIGN(const NatsMsgHandle message,
                         MakeMessage(kDeadLetterSubject, "of others", headers));
    ASSERT_EQ(js_PublishMsg(nullptr, connection_->jetstream(), message.get(), nullptr, nullptr),
              NATS_OK);
  }

  static std::vector<std::string> Payloads(DeadLetterQueue& letters) {
    std::vector<std::string> payloads;
    EXPECT_OK(letters.ForEach([&](const StoredDeadLetter& letter) {
      payloads.push_back(letter.payload);
      return Status();
    }));
    return payloads;
  }
};

TEST_F(DeadLetterQueueTest, ListsThemOldestFirst) {
  DeadLetterQueue letters = OpenLetters();
  EXPECT_THAT(Payloads(letters), IsEmpty());
  for (const char* payload : {"a", "b", "c"}) GiveUp(payload);
  ASSERT_OK(letters.Remove(2));
  EXPECT_THAT(Payloads(letters), ElementsAre("a", "c"));
}

TEST_F(DeadLetterQueueTest, GivesOneWithItsStory) {
  GiveUp("a");
  DeadLetterQueue letters = OpenLetters();
  ASSERT_OK_AND_ASSIGN(const StoredDeadLetter letter, letters.Get(1));
  EXPECT_EQ(letter.payload, "a");
  EXPECT_EQ(letter.sequence, 1U);
  EXPECT_EQ(HeaderOf(letter.headers, "Dsw-Fault"), "job");
  EXPECT_EQ(HeaderOf(letter.headers, "Dsw-Worker"), "test-worker");
  EXPECT_TRUE(letter.replayable());
  EXPECT_GT(letter.stored_at, std::chrono::system_clock::now() - std::chrono::minutes(10));
  EXPECT_FAIL(letters.Get(2), Code::kNotFound, "has no dead letter 2: `worker-datasets dlq list`");
}

TEST_F(DeadLetterQueueTest, AReplayedJobComesBackByItsSubjectWithoutItsStory) {
  GiveUp("a", "DATASET_TRANSFORMS");
  DeadLetterQueue letters = OpenLetters();
  ASSERT_OK_AND_ASSIGN(const StoredDeadLetter letter, letters.Get(1));
  ASSERT_OK_AND_ASSIGN(const PublishedJob published, letters.Replay(letter));
  EXPECT_EQ(published.stream, "DATASET_TRANSFORMS");
  EXPECT_THAT(Payloads(letters), IsEmpty());
  // As if this process had ended before it removed the dead letter.
  ASSERT_OK(letters.Replay(letter));
  EXPECT_EQ(Messages(*connection_, "DATASET_TRANSFORMS"), 1U);
  const auto job = LastMessage(*connection_, "DATASET_TRANSFORMS", "DATASET_TRANSFORMS");
  EXPECT_EQ(PayloadOf(job.get()), "a");
  EXPECT_EQ(Header(job, "traceparent"), "00-abc-def-01");
  EXPECT_EQ(Header(job, "Dsw-Error"), "");
  EXPECT_THAT(Header(job, "Nats-Msg-Id"), HasSubstr("replay-"));
}

TEST_F(DeadLetterQueueTest, ReplaysWhatAnotherProgramGaveUp) {
  PublishLetter({});
  DeadLetterQueue letters = OpenLetters();
  ASSERT_OK_AND_ASSIGN(const StoredDeadLetter letter, letters.Get(1));
  ASSERT_OK(letters.Replay(letter));
  const auto job = LastMessage(*connection_, "DATASET_TRANSFORMS", kJobSubject);
  EXPECT_EQ(PayloadOf(job.get()), "of others");
}

TEST_F(DeadLetterQueueTest, PublishesNowhereElse) {
  PublishLetter({{"Dsw-Original-Subject", "$JS.API.STREAM.DELETE.DATASET_TRANSFORMS"}});
  PublishLetter({{"Dsw-Payload-Omitted", "9 bytes"}});
  DeadLetterQueue letters = OpenLetters();
  ASSERT_OK_AND_ASSIGN(const StoredDeadLetter forged, letters.Get(1));
  EXPECT_FAIL(letters.Replay(forged), Code::kInvalid, "DATASET_TRANSFORMS does not take");
  ASSERT_OK_AND_ASSIGN(const StoredDeadLetter empty, letters.Get(2));
  EXPECT_FAIL(letters.Replay(empty), Code::kInvalid, "payload was too large");
  EXPECT_EQ(Messages(*connection_, "DATASET_TRANSFORMS"), 0U);
  EXPECT_EQ(Messages(*connection_, "DLQ_DATASET_TRANSFORMS"), 2U);
}

TEST_F(DeadLetterQueueTest, StaysWhenItsJobIsNotStored) {
  GiveUp("a");
  DeadLetterQueue letters = OpenLetters();
  ASSERT_OK_AND_ASSIGN(const StoredDeadLetter letter, letters.Get(1));
  ASSERT_EQ(js_DeleteStream(connection_->jetstream(), "DATASET_TRANSFORMS", nullptr, nullptr),
            NATS_OK);
  EXPECT_FAIL(letters.Replay(letter), Code::kNotFound, "stream DATASET_TRANSFORMS");
  EXPECT_EQ(Messages(*connection_, "DLQ_DATASET_TRANSFORMS"), 1U);
}

TEST_F(DeadLetterQueueTest, EndsWithWhatWasThereAtFirst) {
  for (const char* payload : {"a", "b"}) GiveUp(payload);
  DeadLetterQueue letters = OpenLetters();
  int visited = 0;
  ASSERT_OK(letters.ForEach([&](const StoredDeadLetter&) {
    // As of jobs that come back as soon as they are replayed.
    GiveUp("again");
    ++visited;
    return Status();
  }));
  EXPECT_EQ(visited, 2);
}

TEST_F(DeadLetterQueueTest, ManyCanBeListedAndRemoved) {
  for (int i = 0; i < 1500; ++i) PublishLetter({});
  DeadLetterQueue letters = OpenLetters();
  EXPECT_EQ(Payloads(letters).size(), 1500U);
  ASSERT_OK_AND_ASSIGN(const std::uint64_t removed, letters.RemoveAll());
  EXPECT_EQ(removed, 1500U);
  EXPECT_EQ(Messages(*connection_, "DLQ_DATASET_TRANSFORMS"), 0U);
  // Gone already, as by another person.
  EXPECT_OK(letters.Remove(7));
}

TEST_F(DeadLetterQueueTest, SaysThatItsStreamIsMissing) {
  DeadLetterQueue letters(*connection_, "NOWHERE", "DATASET_TRANSFORMS");
  EXPECT_FAIL(letters.ForEach([](const StoredDeadLetter&) { return Status(); }), Code::kNotFound,
              "stream NOWHERE");
  EXPECT_FAIL(letters.Get(1), Code::kNotFound, "stream NOWHERE");
  EXPECT_FAIL(letters.RemoveAll(), Code::kNotFound, "stream NOWHERE");
}

}  // namespace
}  // namespace dsw
