// SPDX-License-Identifier: Apache-2.0
//
// Getting and keeping a connection.
#include "host/nats/connection.h"

#include <fmt/format.h>

#include "host/nats/topology.h"
#include "tests/support/matchers.h"
#include "tests/support/nats_server.h"

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
  EXPECT_THAT(status.error().message, HasSubstr("-js"));
}

}  // namespace
}  // namespace dsw
