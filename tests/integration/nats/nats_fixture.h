// SPDX-License-Identifier: Apache-2.0
//
// A server of its own for each test, and short ways to look at what is in it.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include <fmt/format.h>

#include "host/nats/connection.h"
#include "host/nats/job_publisher.h"
#include "host/nats/pull_queue.h"
#include "host/nats/topology.h"
#include "tests/support/matchers.h"
#include "tests/support/nats_server.h"

namespace dsw {

class NatsFixture : public testing::Test {
 protected:
  explicit NatsFixture(std::string_view server_config = {}) : server_(server_config) {}

  static NatsTopology Topology(std::chrono::milliseconds ack_wait = std::chrono::seconds(30)) {
    return {.stream = "DATASET_TRANSFORMS",
            .consumer = "worker-datasets",
            .dlq_stream = "DLQ_DATASET_TRANSFORMS",
            .dlq_consumer = "worker-datasets-dlq",
            .status_stream = "TRANSFORM_STATUS",
            .ack_wait = ack_wait};
  }

  std::unique_ptr<NatsConnection> Connect() {
    auto connection = NatsConnection::Open({.url = server_.Url(), .creds = "", .name = "test"});
    EXPECT_OK(connection);
    return connection ? *std::move(connection) : nullptr;
  }

  static std::unique_ptr<PullQueue> OpenQueue(const NatsConnection& connection,
                                              const NatsTopology& topology = Topology()) {
    auto queue = PullQueue::Open(connection, {.topology = topology,
                                              .worker = "test-worker",
                                              .check_interval = std::chrono::milliseconds(500)});
    EXPECT_OK(queue);
    return queue ? *std::move(queue) : nullptr;
  }

  /// Fetches until there is a message; null when none comes for a long time.
  static std::unique_ptr<Delivery> FetchSoon(PullQueue& queue) {
    std::unique_ptr<Delivery> delivery;
    Eventually([&] {
      if (auto fetched = queue.Fetch(std::stop_token()); fetched) delivery = *std::move(fetched);
      return delivery != nullptr;
    });
    return delivery;
  }

  static void Publish(const NatsConnection& connection, const std::string& json,
                      const std::string& id) {
    EXPECT_OK(PublishJob(connection, "DATASET_TRANSFORMS", json, id));
  }

  static std::uint64_t Messages(const NatsConnection& connection, const char* stream) {
    JsStreamInfoHandle info;
    EXPECT_EQ(js_GetStreamInfo(Out(info), connection.jetstream(), stream, nullptr, nullptr),
              NATS_OK);
    return info ? info->State.Msgs : ~std::uint64_t{0};
  }

  static NatsMsgHandle LastMessage(const NatsConnection& connection, const char* stream,
                                   const char* subject) {
    NatsMsgHandle message;
    EXPECT_EQ(
        js_GetLastMsg(Out(message), connection.jetstream(), stream, subject, nullptr, nullptr),
        NATS_OK);
    return message;
  }

  static std::string Header(const NatsMsgHandle& message, const char* name) {
    const char* value = nullptr;
    natsMsgHeader_Get(message.get(), name, &value);
    return value != nullptr ? value : "";
  }

  NatsServer server_;
};

/// With the streams made and the queue open.
class QueueFixture : public NatsFixture {
 protected:
  /// Ends in the middle of a fetch of one second: nats-server 2.9 now and then counts a delivery
  /// too few when a message becomes due just as the request for it runs out (nats-io/nats.net.v1
  /// issue 812).
  static constexpr std::chrono::milliseconds kAckWait{1500};

  using NatsFixture::NatsFixture;

  void SetUp() override {
    connection_ = Connect();
    ASSERT_OK(EnsureTopology(*connection_, Topology(kAckWait)));
    queue_ = OpenQueue(*connection_);
    ASSERT_NE(queue_, nullptr);
  }

  std::unique_ptr<NatsConnection> connection_;
  std::unique_ptr<PullQueue> queue_;
};

}  // namespace dsw
