// SPDX-License-Identifier: Apache-2.0
//
// What the worker makes on a server, and what it refuses to work with.
#include "host/nats/topology.h"

#include <thread>

#include "tests/integration/nats/nats_fixture.h"

namespace dsw {
namespace {

using testing::UnorderedElementsAre;

class TopologyTest : public NatsFixture {
 protected:
  static void AddStream(const NatsConnection& connection, const char* name, const char* subject,
                        jsRetentionPolicy retention) {
    jsStreamConfig config{};
    jsStreamConfig_Init(&config);
    config.Name = name;
    config.Subjects = &subject;
    config.SubjectsLen = 1;
    config.Retention = retention;
    ASSERT_EQ(js_AddStream(nullptr, connection.jetstream(), &config, nullptr, nullptr), NATS_OK);
  }

  static jsConsumerConfig Durable() {
    jsConsumerConfig config{};
    jsConsumerConfig_Init(&config);
    config.Durable = "worker-datasets";
    config.AckPolicy = js_AckExplicit;
    return config;
  }
};

TEST_F(TopologyTest, IsCreatedAsWantedAndLeftAloneTheSecondTime) {
  const auto connection = Connect();
  ASSERT_OK(EnsureTopology(*connection, Topology()));
  ASSERT_OK(EnsureTopology(*connection, Topology(std::chrono::seconds(5))));

  JsStreamInfoHandle jobs;
  ASSERT_EQ(
      js_GetStreamInfo(Out(jobs), connection->jetstream(), "DATASET_TRANSFORMS", nullptr, nullptr),
      NATS_OK);
  const jsStreamConfig& config = *jobs->Config;
  EXPECT_THAT(std::vector<std::string>(config.Subjects, config.Subjects + config.SubjectsLen),
              UnorderedElementsAre("workers.dataset-transform", "DATASET_TRANSFORMS"));
  EXPECT_EQ(config.Retention, js_WorkQueuePolicy);
  EXPECT_EQ(config.Storage, js_FileStorage);
  EXPECT_EQ(config.Duplicates, std::chrono::nanoseconds(std::chrono::minutes(60)).count());
  EXPECT_EQ(config.MaxAge, 0);

  JsStreamInfoHandle dead;
  ASSERT_EQ(js_GetStreamInfo(Out(dead), connection->jetstream(), "DLQ_DATASET_TRANSFORMS", nullptr,
                             nullptr),
            NATS_OK);
  EXPECT_EQ(dead->Config->Retention, js_LimitsPolicy);
  EXPECT_EQ(dead->Config->MaxAge, std::chrono::nanoseconds(std::chrono::hours(24 * 30)).count());

  // A worker that died after a dead letter or a last event comes back as late as any other.
  JsStreamInfoHandle status;
  ASSERT_EQ(
      js_GetStreamInfo(Out(status), connection->jetstream(), "TRANSFORM_STATUS", nullptr, nullptr),
      NATS_OK);
  EXPECT_EQ(dead->Config->Duplicates, config.Duplicates);
  EXPECT_EQ(status->Config->Duplicates, config.Duplicates);

  JsConsumerInfoHandle consumer;
  ASSERT_EQ(js_GetConsumerInfo(Out(consumer), connection->jetstream(), "DATASET_TRANSFORMS",
                               "worker-datasets", nullptr, nullptr),
            NATS_OK);
  EXPECT_EQ(consumer->Config->AckPolicy, js_AckExplicit);
  EXPECT_EQ(consumer->Config->AckWait, std::chrono::nanoseconds(std::chrono::seconds(30)).count());
  EXPECT_EQ(consumer->Config->BackOffLen, 0);
  EXPECT_EQ(consumer->Config->MaxDeliver, -1);
  EXPECT_EQ(consumer->Config->MaxAckPending, 100000);

  JsConsumerInfoHandle reader;
  EXPECT_EQ(js_GetConsumerInfo(Out(reader), connection->jetstream(), "DLQ_DATASET_TRANSFORMS",
                               "worker-datasets-dlq", nullptr, nullptr),
            NATS_OK);
}

TEST_F(TopologyTest, NamesWhatIsMissingWhenItMayNotCreate) {
  const auto connection = Connect();
  NatsTopology topology = Topology();
  topology.create = false;
  EXPECT_FAIL(EnsureTopology(*connection, topology), Code::kNotFound,
              "stream DATASET_TRANSFORMS does not exist: create it, set NATS_STREAM");
  AddStream(*connection, "DATASET_TRANSFORMS", kJobSubject, js_WorkQueuePolicy);
  AddStream(*connection, "DLQ_DATASET_TRANSFORMS", kDeadLetterSubject, js_LimitsPolicy);
  AddStream(*connection, "TRANSFORM_STATUS", kStatusSubjects, js_LimitsPolicy);
  EXPECT_FAIL(EnsureTopology(*connection, topology), Code::kNotFound,
              "consumer worker-datasets of stream DATASET_TRANSFORMS does not exist");
}

TEST_F(TopologyTest, RefusesAStreamThatLosesJobs) {
  const auto connection = Connect();
  AddStream(*connection, "DATASET_TRANSFORMS", "something.else", js_LimitsPolicy);
  const Status status = EnsureTopology(*connection, Topology());
  EXPECT_FAIL(status, Code::kConflict,
              "stream DATASET_TRANSFORMS cannot be used: its retention is limits, not workqueue; "
              "it does not take subject workers.dataset-transform (it takes something.else)");
  EXPECT_FAIL(status, Code::kConflict, "set NATS_STREAM to another name");
}

TEST_F(TopologyTest, AcceptsAStreamWithWildcardsAndWithoutTheReplaySubject) {
  const auto connection = Connect();
  AddStream(*connection, "DATASET_TRANSFORMS", "workers.*", js_WorkQueuePolicy);
  AddStream(*connection, "TRANSFORM_STATUS", "transforms.*.status.>", js_LimitsPolicy);
  EXPECT_OK(EnsureTopology(*connection, Topology()));
}

TEST_F(TopologyTest, IsThereForAllWorkersThatStartTogether) {
  std::vector<std::unique_ptr<NatsConnection>> connections(6);
  for (auto& connection : connections) connection = Connect();
  const NatsTopology topology = Topology();
  for (int round = 0; round < 100; ++round) {
    std::vector<std::thread> workers;
    for (const auto& connection : connections) {
      workers.emplace_back([&] { EXPECT_OK(EnsureTopology(*connection, topology)); });
    }
    for (std::thread& worker : workers) worker.join();
    for (const std::string& stream :
         {topology.stream, topology.dlq_stream, topology.status_stream}) {
      ASSERT_EQ(js_DeleteStream(connections.front()->jetstream(), stream.c_str(), nullptr, nullptr),
                NATS_OK);
    }
  }
}

TEST_F(TopologyTest, NamesTheSettingWhenThereAreTooFewServers) {
  const auto connection = Connect();
  NatsTopology topology = Topology();
  topology.replicas = 3;
  EXPECT_FAIL(EnsureTopology(*connection, topology), Code::kUnavailable, "NATS_REPLICAS is 3");
}

TEST_F(TopologyTest, NamesTheSettingWhenAnotherStreamHasTheSubject) {
  const auto connection = Connect();
  AddStream(*connection, "DLQ_TRANSFORMS", "dlq.*", js_LimitsPolicy);
  EXPECT_FAIL(EnsureTopology(*connection, Topology()), Code::kConflict,
              "set NATS_DLQ_STREAM to the name of the stream that takes them");
  NatsTopology topology = Topology();
  topology.dlq_stream = "DLQ_TRANSFORMS";
  EXPECT_OK(EnsureTopology(*connection, topology));
}

TEST_F(TopologyTest, RefusesAConsumerThatDecidesAboutRetriesItself) {
  const auto connection = Connect();
  AddStream(*connection, "DATASET_TRANSFORMS", kJobSubject, js_WorkQueuePolicy);
  jsConsumerConfig config = Durable();
  std::int64_t steps[] = {std::chrono::nanoseconds(std::chrono::seconds(30)).count()};
  config.BackOff = steps;
  config.BackOffLen = 1;
  config.MaxDeliver = 5;
  ASSERT_EQ(js_AddConsumer(nullptr, connection->jetstream(), "DATASET_TRANSFORMS", &config, nullptr,
                           nullptr),
            NATS_OK);
  const Status status = EnsureTopology(*connection, Topology());
  EXPECT_FAIL(status, Code::kConflict,
              "consumer worker-datasets of stream DATASET_TRANSFORMS cannot be used: it has a "
              "back-off list");
  EXPECT_FAIL(status, Code::kConflict, "gives up after 5 deliveries");
  EXPECT_FAIL(status, Code::kConflict, "set NATS_CONSUMER to another name");
}

TEST_F(TopologyTest, RefusesAConsumerThatSeesOnlySomeJobs) {
  const auto connection = Connect();
  AddStream(*connection, "DATASET_TRANSFORMS", "workers.>", js_WorkQueuePolicy);
  jsConsumerConfig config = Durable();
  config.FilterSubject = "workers.collection-transform";
  ASSERT_EQ(js_AddConsumer(nullptr, connection->jetstream(), "DATASET_TRANSFORMS", &config, nullptr,
                           nullptr),
            NATS_OK);
  EXPECT_FAIL(EnsureTopology(*connection, Topology()), Code::kConflict,
              "it takes subject workers.collection-transform only");
}

}  // namespace
}  // namespace dsw
