// SPDX-License-Identifier: Apache-2.0
//
// Connections to every server that are cut, reset and stalled at random, while jobs run.
#include <csignal>

#include "tests/doubles/qdrant/qdrant_double.h"
#include "tests/fault/fault_test.h"
#include "tests/fault/random_edits.h"
#include "tests/fault/rounds.h"
#include "tests/support/tcp_cutter.h"

namespace dsw::fault_test {
namespace {

int PortOf(const std::string& url) {
  return std::stoi(url.substr(url.rfind(':') + 1));
}

class ConnectionsTest : public FaultTest {
 protected:
  ConnectionsTest() {
    // Stalled connections are given up soon.
    world_.Set("EMBEDDER_MAX_RETRIES", "5");
    world_.Set("MAX_RETRIES", "20");
  }

  /// Where the server of `variable` is reached through `cutter`.
  FaultWorld::Variables Through(const TcpCutter& cutter, const std::string& variable) {
    const std::string at = fmt::format("127.0.0.1:{}", cutter.port());
    if (variable == "NATS_URL") return {{variable, "nats://" + at}};
    return {{variable, "postgresql://postgres@" + at + "/" + world_.database()}};
  }

  /// Jobs and edits while the connections break; whole after they no longer do.
  void Break(const std::string& variable, int port) {
    ForEachRound([&](int round, Dice& dice) {
      world_.NewRound();
      const std::int64_t transform = world_.Import(fmt::format("cut {}", round), 8, 6, 5);
      world_.Script(R"({"id":"slow","at":"before_embed","do":"sleep","ms":20})");
      TcpCutter cutter(port);
      cutter.CutAtRandom(dice.Seed(), 0.8, variable == "NATS_URL" ? 5000 : 30000);
      world_.SubmitJob(transform);
      // It may give up while it starts.
      Process worker = world_.Start("w", Through(cutter, variable));
      RandomEdits edits(world_, transform, 6, dice);
      for (int i = 0; i < 8; ++i) {
        edits.Edit();
        if (dice.OneIn(3)) world_.SubmitJob(transform);
        if (!worker.Running()) worker = world_.Start("w", Through(cutter, variable));
        std::this_thread::sleep_for(std::chrono::milliseconds(dice.Between(50, 300)));
      }
      cutter.Pass();
      if (!worker.Running()) worker = world_.Start("w", Through(cutter, variable));
      EXPECT_TRUE(Eventually([&] { return world_.Queued() == 0; }, std::chrono::seconds(60)))
          << "jobs are done once the connections hold";
      worker.Signal(SIGTERM);
      EXPECT_TRUE(worker.Wait(std::chrono::seconds(10)));
      worker.Kill();
      ASSERT_TRUE(world_.Drain());
      ASSERT_TRUE(world_.NextJob(transform));
      ExpectClean(transform);
    });
  }
};

TEST_F(ConnectionsTest, OnesToPostgresqlMayBreak) {
  Break("DATABASE_URL", world_.postgres().port());
}

TEST_F(ConnectionsTest, OnesToNatsMayBreak) {
  Break("NATS_URL", world_.nats().port());
}

TEST_F(ConnectionsTest, OnesToQdrantMayBreak) {
  doubles::QdrantDouble qdrant;
  world_.AddPlugin(DSW_SINK_QDRANT);
  ForEachRound([&](int round, Dice& dice) {
    for (const std::string transport : {"grpc", "rest"}) {
      SCOPED_TRACE(transport);
      world_.NewRound();
      TcpCutter rest(PortOf(qdrant.rest_url()));
      TcpCutter grpc(PortOf(qdrant.grpc_url()));
      const FaultWorld::Variables settings = {
          {"VECTOR_SINK", "qdrant"},
          {"QDRANT_TRANSPORT", transport},
          {"QDRANT_URL", fmt::format("http://127.0.0.1:{}", rest.port())},
          {"QDRANT_GRPC_URL", fmt::format("http://127.0.0.1:{}", grpc.port())}};
      const std::int64_t transform =
          world_.Import(fmt::format("cut {} {}", transport, round), 8, 6, 5);
      rest.CutAtRandom(dice.Seed(), 0.6, 4000);
      grpc.CutAtRandom(dice.Seed(), 0.6, 4000);
      world_.SubmitJob(transform);
      Process worker = world_.Start("w", settings);
      Eventually([&] { return world_.Queued() == 0; }, std::chrono::seconds(3));
      rest.Pass();
      grpc.Pass();
      EXPECT_TRUE(Eventually([&] { return world_.Queued() == 0; }, std::chrono::seconds(20)));
      worker.Kill();
      EXPECT_EQ(qdrant.store().Points(world_.CollectionOf(transform)).size(), 48U);
      EXPECT_TRUE(world_.DeadLetters().empty());
    }
  });
}

}  // namespace
}  // namespace dsw::fault_test
