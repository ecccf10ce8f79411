// SPDX-License-Identifier: Apache-2.0
#include "plugins/sink_qdrant/grpc_link.h"

#include <gmock/gmock.h>

#include "plugins/sink_qdrant/protobuf.h"
#include "tests/support/fake_plugin_host.h"
#include "tests/unit/plugins/sink_qdrant/made_points.h"

namespace dsw::qdrant {
namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

std::string Framed(const std::string& message) {
  std::string framed(5, '\0');
  framed[4] = static_cast<char>(message.size());
  return framed + message;
}

/// A link to a server that a test plays.
class QdrantGrpcLinkTest : public testing::Test {
 protected:
  QdrantGrpcLinkTest() {
    config_.grpc_url = "http://q:6334";
    call_.struct_size = sizeof call_;
    call_.cancel_fd = -1;
    message_.Encode("c", made_.range(), true, 1);
  }

  /// The next question is answered by a server of this version.
  void OfferNext(std::string_view version = "1.19.0") {
    std::string reply;
    AppendBytes(reply, 2, version);
    host_.Answer(200, Framed(reply), {{"grpc-status", "0"}});
  }
  void StoreNext() {
    std::string reply;
    AppendMessage(reply, 1, [&] { AppendNumber(reply, 2, 2); });
    host_.Answer(200, Framed(reply), {{"grpc-status", "0"}});
  }
  void RefuseNext() {
    host_.Fail(DSW_E_UNAVAILABLE, "cannot connect to http://q:6334: connection refused");
  }
  /// Whether the server is asked for gRPC after this time.
  bool AskedAfter(std::uint64_t ns) {
    host_.Advance(ns);
    const std::size_t before = host_.requests().size();
    RefuseNext();
    EXPECT_FALSE(link_.Offered(call_));
    if (host_.requests().size() == before) {
      // Takes the answer away that nobody has asked for.
      EXPECT_FALSE(GrpcLink(*host_.host(), config_).Offered(call_));
      return false;
    }
    return true;
  }

  FakePluginHost host_;
  Config config_;
  dsw_call call_{};
  const MadePoints made_{{"1"}, {{1}}, {"{}"}};
  UpsertMessage message_;
  GrpcLink link_{*host_.host(), config_};
};

TEST_F(QdrantGrpcLinkTest, AsksAgainAfterPausesThatGrow) {
  RefuseNext();
  EXPECT_FALSE(link_.Offered(call_));
  for (const std::uint64_t pause : {5, 10, 20, 40, 80, 160, 300, 300}) {
    EXPECT_FALSE(AskedAfter(pause * kSecond - 1)) << pause;
    EXPECT_TRUE(AskedAfter(1)) << pause;
  }
}

TEST_F(QdrantGrpcLinkTest, ComesBackAfterARestartOfTheServer) {
  OfferNext();
  EXPECT_TRUE(link_.Offered(call_));
  for (int restart = 0; restart < 3; ++restart) {
    StoreNext();
    EXPECT_EQ(link_.Upsert(call_, message_), UpdateStatus::kCompleted);
    host_.Fail(DSW_E_UNAVAILABLE, "http://q:6334 broke off the connection");
    EXPECT_EQ(link_.Upsert(call_, message_), std::nullopt) << "REST is to be tried";
    EXPECT_FALSE(link_.Offered(call_));
    host_.Advance(5 * kSecond);
    OfferNext();
    EXPECT_TRUE(link_.Offered(call_)) << "after the shortest pause again";
  }
  EXPECT_THAT(host_.log(), testing::Contains(testing::HasSubstr("gRPC is back")).Times(3));
  EXPECT_THAT(host_.log(), testing::Contains(testing::HasSubstr("no gRPC at")).Times(3));
}

TEST_F(QdrantGrpcLinkTest, AsksForNoCompression) {
  OfferNext();
  EXPECT_TRUE(link_.Offered(call_));
  EXPECT_EQ(host_.requests()[0].Header("accept-encoding"), "identity");
}

}  // namespace
}  // namespace dsw::qdrant
