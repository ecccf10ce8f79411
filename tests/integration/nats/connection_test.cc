// SPDX-License-Identifier: Apache-2.0
//
// Getting and keeping a connection.
#include "host/nats/connection.h"

#include <fmt/format.h>

#include "host/nats/progress_publisher.h"
#include "host/nats/topology.h"
#include "tests/integration/nats/nats_fixture.h"

namespace dsw {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(NatsConnectionTest, NamesTheServersButNotTheirPasswords) {
  const int port = FreePort();
  const auto connection = NatsConnection::Open(
      {.url = fmt::format("nats://me:hunter22@127.0.0.1:{0},nats://token77@127.0.0.1:{0}", port),
       .creds = "",
       .name = "test"});
  EXPECT_FAIL(connection, Code::kUnavailable,
              fmt::format("connect to NATS at 127.0.0.1:{0}, 127.0.0.1:{0}", port));
  EXPECT_THAT(connection.error().message, Not(HasSubstr("hunter22")));
  EXPECT_THAT(connection.error().message, Not(HasSubstr("token77")));
}

TEST(NatsConnectionTest, LogsInWithWhatTheUrlSays) {
  const NatsServer server("authorization { user: me, password: hunter22 }");
  EXPECT_OK(
      NatsConnection::Open({.url = fmt::format("nats://me:hunter22@127.0.0.1:{}", server.port()),
                            .creds = "",
                            .name = "test"}));
  const auto refused = NatsConnection::Open(
      {.url = fmt::format("nats://me:wrong-password@127.0.0.1:{}", server.port()),
       .creds = "",
       .name = "test"});
  EXPECT_FAIL(refused, Code::kUnauthenticated, "connect to NATS at 127.0.0.1");
  EXPECT_THAT(refused.error().message, Not(HasSubstr("wrong-password")));
}

TEST(NatsConnectionTest, TellsAHostThatIsNotKnownFromOneThatDoesNotAnswer) {
  const auto open = [](const std::string& url) {
    return NatsConnection::Open({.url = url, .creds = "", .name = "test"});
  };
  EXPECT_FAIL(open("nats://me:hunter22@no-such-host.invalid:4222"), Code::kUnavailable,
              "connect to NATS at no-such-host.invalid:4222: no-such-host.invalid: ");
  EXPECT_FAIL(open(fmt::format("127.0.0.1:{}", FreePort())), Code::kUnavailable,
              "nobody answers there; NATS_URL");
  EXPECT_FAIL(open(fmt::format("nats://[::1]:{}", FreePort())), Code::kUnavailable,
              "nobody answers there; NATS_URL");
}

TEST(NatsConnectionTest, TakesAPasswordOfAnyCharacters) {
  const NatsServer server(R"(authorization { user: me, password: "s3c,r@t/#1" })");
  EXPECT_OK(
      NatsConnection::Open({.url = fmt::format("nats://me:s3c,r@t/#1@127.0.0.1:{}", server.port()),
                            .creds = "",
                            .name = "test"}));
  const auto refused =
      NatsConnection::Open({.url = fmt::format("nats://me:s3c,x@t/#1@127.0.0.1:{}", server.port()),
                            .creds = "",
                            .name = "test"});
  EXPECT_FAIL(refused, Code::kUnauthenticated,
              fmt::format("connect to NATS at 127.0.0.1:{}", server.port()));
  EXPECT_THAT(refused.error().message, Not(HasSubstr("s3c")));
}

TEST(NatsConnectionTest, NamesACredentialsFileThatIsMissing) {
  const NatsServer server;
  EXPECT_FAIL(
      NatsConnection::Open({.url = server.Url(), .creds = "/nonexistent.creds", .name = "test"}),
      Code::kUnavailable,
      fmt::format("127.0.0.1:{}: error opening file '/nonexistent.creds'", server.port()));
}

TEST(NatsConnectionTest, ComesBackAfterTheServer) {
  NatsServer server;
  ASSERT_OK_AND_ASSIGN(const auto connection,
                       NatsConnection::Open({.url = server.Url(), .creds = "", .name = "test"}));
  EXPECT_OK(connection->Health());
  server.Stop();
  EXPECT_TRUE(Eventually([&] { return !connection->Health(); }));
  EXPECT_FAIL(connection->Health(), Code::kUnavailable, "not connected to NATS at 127.0.0.1");
  server.Start();
  EXPECT_TRUE(Eventually([&] { return connection->Health().has_value(); }));
}

class RefusedTest : public QueueFixture {
 protected:
  RefusedTest() : QueueFixture(kNobody) {}

  /// Restarts the server with other credentials, until the library has given the connection up.
  void GetRefusedForGood() {
    natsConnection* const refused = connection_->handle();
    server_.Stop();
    server_.SetConfig("authorization { user: me, password: somebody-else }");
    server_.Start();
    ASSERT_TRUE(Eventually([&] { return natsConnection_IsClosed(refused); }));
  }

  static constexpr const char* kNobody = "";
};

TEST_F(RefusedTest, ComesBackOnceTheServerTakesItsCredentialsAgain) {
  Publish(*connection_, "before", "a");
  const auto before = FetchSoon(*queue_);
  ASSERT_NE(before, nullptr);
  GetRefusedForGood();
  EXPECT_FAIL(connection_->Health(), Code::kUnavailable, "Authorization Violation");

  server_.Stop();
  server_.SetConfig(kNobody);
  server_.Start();
  ASSERT_TRUE(Eventually([&] { return connection_->Health().has_value(); }));
  Publish(*connection_, "after", "b");
  // What was handed out by the connection that is gone can be settled, and more comes.
  EXPECT_OK(before->InProgress());
  EXPECT_OK(before->Ack());
  std::unique_ptr<Delivery> delivery;
  EXPECT_TRUE(Eventually([&] {
    delivery = FetchSoon(*queue_);
    return delivery != nullptr && delivery->payload() == "after";
  }));
  EXPECT_OK(delivery->Ack());
  EXPECT_EQ(Messages(*connection_, "DATASET_TRANSFORMS"), 0U);
}

TEST_F(RefusedTest, EndsWhileItIsRefused) {
  GetRefusedForGood();
  queue_.reset();
  connection_.reset();
}

class HangingTest : public QueueFixture {};

TEST_F(HangingTest, EverythingEndsWhileTheServerHangs) {
  Publish(*connection_, "job", "a");
  const auto delivery = FetchSoon(*queue_);
  ASSERT_NE(delivery, nullptr);
  const auto publisher = ProgressPublisher::Open(*connection_);
  ASSERT_OK(publisher);
  server_.Freeze();
  Progress event;
  event.job_id = "j";
  (*publisher)->Publish(event);
  EXPECT_FALSE((*publisher)->PublishFinal(event));
  EXPECT_FALSE(delivery->Ack());
  // More than the sockets take: whoever writes must not wait for the server either.
  const std::string large(500000, 'x');
  for (int i = 0; i < 40; ++i) {
    natsConnection_Publish(connection_->handle(), "large", large.data(),
                           static_cast<int>(large.size()));
  }
  const auto fetched = queue_->Fetch(std::stop_token());
  EXPECT_TRUE(!fetched || *fetched == nullptr);
}

TEST(NatsConnectionTest, SaysWhenTheServerHasNoJetStream) {
  // A second "listen" and "jetstream" replace the first.
  const NatsServer server("jetstream: disabled");
  ASSERT_OK_AND_ASSIGN(const auto connection,
                       NatsConnection::Open({.url = server.Url(), .creds = "", .name = "test"}));
  const Status status = EnsureTopology(*connection, {.stream = "A",
                                                     .consumer = "b",
                                                     .dlq_stream = "C",
                                                     .dlq_consumer = "d",
                                                     .status_stream = "E"});
  ASSERT_FALSE(status);
  EXPECT_FAIL(status, Code::kNotFound, "look up stream A: ");
  EXPECT_THAT(status.error().message, Not(HasSubstr(":  (")));
  EXPECT_THAT(status.error().message, HasSubstr("-js"));
}

}  // namespace
}  // namespace dsw
