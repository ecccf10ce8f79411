// SPDX-License-Identifier: Apache-2.0
//
// Which way points take when nobody has said.
#include <array>
#include <thread>

#include "tests/integration/qdrant/qdrant_fixture.h"
#include "tests/support/loopback.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace dsw {
namespace {

using doubles::QdrantDouble;
using doubles::QdrantFault;
using doubles::QdrantOptions;

class QdrantChoiceTest : public testing::Test {
 protected:
  std::unique_ptr<OpenedSink> Open(const QdrantDouble& server, const std::string& grpc_url,
                                   const std::string& transport = "auto") {
    auto sink = std::make_unique<OpenedSink>(nlohmann::json{
        {"url", server.rest_url()}, {"grpc_url", grpc_url}, {"transport", transport}});
    EXPECT_OK((*sink)->EnsureCollection(Soon(), {.name = "docs", .dimensions = 4}));
    return sink;
  }

  KeptLog log_;
};

TEST_F(QdrantChoiceTest, IsGrpcWhereTheServerOffersIt) {
  QdrantDouble server;
  const auto sink = Open(server, server.grpc_url());
  for (std::size_t i = 0; i < 3; ++i) ASSERT_OK(Store(*sink, MakePoints(i, 1), Soon()));
  EXPECT_EQ(server.grpc_counters().health_checks, 1u);
  EXPECT_EQ(server.grpc_counters().upserts, 3u);
  EXPECT_TRUE(log_.With("gRPC").empty());
}

TEST_F(QdrantChoiceTest, IsRestWithOneLineWhenNobodyListens) {
  QdrantDouble server;
  server.StopGrpc();
  const auto sink = Open(server, server.grpc_url());
  for (std::size_t i = 0; i < 3; ++i) ASSERT_OK(Store(*sink, MakePoints(i, 1), Soon()));
  EXPECT_EQ(server.store().Count("docs"), 3u);
  ASSERT_EQ(log_.With("gRPC").size(), 1u);
  EXPECT_THAT(log_.With("gRPC")[0], testing::HasSubstr("connection refused"));
}

TEST_F(QdrantChoiceTest, IsRestWithOneLineWhenThePortIsSilent) {
  QdrantDouble server;
  const LoopbackListener silent;
  const auto sink = Open(server, "http://127.0.0.1:" + std::to_string(silent.port()));
  for (std::size_t i = 0; i < 3; ++i) ASSERT_OK(Store(*sink, MakePoints(i, 1), Soon()));
  EXPECT_EQ(server.store().Count("docs"), 3u);
  EXPECT_EQ(log_.With("gRPC").size(), 1u);
}

TEST_F(QdrantChoiceTest, IsRestWithOneLineWhenThePortSpeaksSomethingElse) {
  QdrantDouble server;
  const auto sink = Open(server, server.rest_url());
  for (std::size_t i = 0; i < 3; ++i) ASSERT_OK(Store(*sink, MakePoints(i, 1), Soon()));
  EXPECT_EQ(server.store().Count("docs"), 3u);
  EXPECT_EQ(log_.With("gRPC").size(), 1u);
}

TEST_F(QdrantChoiceTest, IsRestForServersThatAreTooOld) {
  QdrantOptions options;
  options.store.version = "1.13.6";
  QdrantDouble server(options);
  const auto sink = Open(server, server.grpc_url());
  ASSERT_OK(Store(*sink, MakePoints(0, 1), Soon()));
  EXPECT_EQ(server.grpc_counters().upserts, 0u);
  ASSERT_EQ(log_.With("gRPC").size(), 1u);
  EXPECT_THAT(log_.With("gRPC")[0], testing::HasSubstr("1.13.6"));
}

TEST_F(QdrantChoiceTest, FallsBackWhenGrpcEndsMeanwhile) {
  QdrantDouble server;
  const auto sink = Open(server, server.grpc_url());
  ASSERT_OK(Store(*sink, MakePoints(0, 1), Soon()));
  server.StopGrpc();
  for (std::size_t i = 1; i < 4; ++i) ASSERT_OK(Store(*sink, MakePoints(i, 1), Soon()));
  EXPECT_EQ(server.store().Count("docs"), 4u);
  EXPECT_EQ(server.grpc_counters().upserts, 1u);
  EXPECT_EQ(log_.With("gRPC").size(), 1u);
}

TEST_F(QdrantChoiceTest, FallsBackWhenAConnectionIsCutUnderACall) {
  QdrantDouble server;
  const auto sink = Open(server, server.grpc_url());
  ASSERT_OK(Store(*sink, MakePoints(0, 1), Soon()));
  QdrantFault slow;
  slow.delay = std::chrono::seconds(30);
  server.script().Add("upsert", slow);
  std::thread storing([&] { EXPECT_OK(Store(*sink, MakePoints(1, 1), Soon())); });
  while (server.grpc_counters().upserts < 2) std::this_thread::yield();
  server.StopGrpc();
  storing.join();
  EXPECT_EQ(server.store().Count("docs"), 2u);
}

TEST_F(QdrantChoiceTest, IsGrpcAgainAfterTheServerWasKilled) {
  const std::string rest_port = std::to_string(FreePort());
  const std::string grpc_port = std::to_string(FreePort());
  Command command;
  command.argv = {DSW_DOUBLE_QDRANT, "--rest-port", rest_port, "--grpc-port", grpc_port};
  const TempDir directory;
  command.stdout_file = directory / "ports";
  OpenedSink sink(nlohmann::json{{"url", "http://127.0.0.1:" + rest_port},
                                 {"grpc_url", "http://127.0.0.1:" + grpc_port}});
  const auto ensured = [&] {
    return sink->EnsureCollection(Soon(), {.name = "docs", .dimensions = 4}).has_value();
  };
  std::optional<Process> server(command);
  ASSERT_TRUE(Eventually([&] { return ReadFile(command.stdout_file).ends_with('\n'); }))
      << "tells its ports once it serves both";
  ASSERT_TRUE(ensured());
  ASSERT_OK(Store(sink, MakePoints(0, 1), Soon()));
  EXPECT_TRUE(log_.With("gRPC").empty());
  server->Kill();
  EXPECT_FAIL(Store(sink, MakePoints(0, 1), Soon()), Code::kUnavailable, "connection refused");
  server.emplace(command);
  ASSERT_TRUE(Eventually(ensured));
  EXPECT_TRUE(Eventually([&] {
    EXPECT_OK(Store(sink, MakePoints(0, 1), Soon()));
    return !log_.With("gRPC is back").empty();
  }));
}

TEST_F(QdrantChoiceTest, IsKeptToWhenItIsSaid) {
  QdrantDouble server;
  server.StopGrpc();
  const auto sink = Open(server, server.grpc_url(), "grpc");
  EXPECT_FAIL(Store(*sink, MakePoints(0, 1), Soon()), Code::kUnavailable,
              "Failed to connect to Qdrant: connection refused");
  server.StartGrpc();
  EXPECT_OK(Store(*sink, MakePoints(0, 1), Soon()));
  EXPECT_TRUE(log_.With("gRPC").empty());
}

}  // namespace
}  // namespace dsw
