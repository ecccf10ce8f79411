// SPDX-License-Identifier: Apache-2.0
//
// What holds whichever way points take.
#include <array>
#include <thread>

#include "tests/integration/qdrant/qdrant_fixture.h"

namespace dsw {
namespace {

using doubles::QdrantDouble;
using doubles::QdrantFault;
using doubles::QdrantOptions;
using doubles::Refusal;
using testing::HasSubstr;

class QdrantTransportTest : public testing::TestWithParam<std::string> {
 protected:
  void Start(const QdrantOptions& options = {}, nlohmann::json settings = {},
             std::string_view key = "") {
    server_.emplace(options);
    settings["url"] = server_->rest_url();
    settings["grpc_url"] = server_->grpc_url();
    settings["transport"] = GetParam();
    sink_.emplace(settings, key);
  }
  void StartWithCollection(const QdrantOptions& options = {}, nlohmann::json settings = {}) {
    Start(options, std::move(settings));
    ASSERT_OK((*sink_)->EnsureCollection(Soon(), {.name = "docs", .dimensions = 4}));
  }
  Status Put(const Points& points, const CallContext& context = Soon()) {
    return Store(*sink_, points, context);
  }
  Status Refused(const Refusal& refusal, std::size_t points = 3) {
    QdrantFault fault;
    fault.refusal = refusal;
    server_->script().Add("upsert", fault);
    return Put(MakePoints(0, points));
  }
  std::size_t UpsertsOverRest() const {
    std::size_t count = 0;
    for (const ReceivedRequest& request : server_->rest().requests()) {
      count += request.method == "PUT" && request.path == "/collections/docs/points" ? 1u : 0u;
    }
    return count;
  }

  KeptLog log_;
  std::optional<QdrantDouble> server_;
  std::optional<OpenedSink> sink_;
};

INSTANTIATE_TEST_SUITE_P(Both, QdrantTransportTest, testing::Values("rest", "grpc"),
                         [](const auto& tested) { return tested.param; });

TEST_P(QdrantTransportTest, StoresOverwritesCountsSearchesAndRemoves) {
  StartWithCollection();
  ASSERT_OK(Put(MakePoints(0, 10)));
  ASSERT_OK(Put(MakePoints(5, 10, 4, "new")));
  ASSERT_OK_AND_ASSIGN(const std::uint64_t count, (*sink_)->Count(Soon(), "docs"));
  EXPECT_EQ(count, 15u);
  const auto stored = server_->store().Points("docs");
  EXPECT_EQ(stored.at('"' + UuidOf(4) + '"').payload["tag"], "");
  EXPECT_EQ(stored.at('"' + UuidOf(5) + '"').payload["tag"], "new");

  const Points wanted = MakePoints(7, 1);
  ASSERT_OK_AND_ASSIGN(const std::vector<Hit> hits,
                       (*sink_)->Search(Soon(), "docs", wanted.vectors.row(0), 3));
  ASSERT_EQ(hits.size(), 3u);
  EXPECT_EQ(hits[0].id, UuidOf(7));
  EXPECT_NEAR(hits[0].score, 1, 1e-5);
  EXPECT_EQ(hits[0].payload_json, R"({"dataset_item_id":7,"tag":"new"})");

  ASSERT_OK((*sink_)->Remove(Soon(), "docs", std::vector{UuidOf(0), UuidOf(7), UuidOf(999)}, 0));
  ASSERT_OK_AND_ASSIGN(const std::uint64_t left, (*sink_)->Count(Soon(), "docs"));
  EXPECT_EQ(left, 13u);
  const bool over_grpc = server_->grpc_counters().upserts == 2;
  EXPECT_EQ(over_grpc, GetParam() == "grpc");
}

TEST_P(QdrantTransportTest, CutsCallsByBytes) {
  StartWithCollection({}, {{"max_request_bytes", 65536}});
  Points points = MakePoints(0, 100);
  for (std::string& payload : points.payloads) {
    payload = R"({"text":")" + std::string(5000, 'x') + R"("})";
  }
  ASSERT_OK(Put(points));
  EXPECT_EQ(server_->store().Count("docs"), 100u);
  EXPECT_GE(server_->store().upserts(), 8u);
  EXPECT_LE(server_->store().upserts(), 10u);
}

TEST_P(QdrantTransportTest, StoresABatchOfTheUsualSize) {
  Start();
  ASSERT_OK((*sink_)->EnsureCollection(Soon(), {.name = "docs", .dimensions = 1536}));
  const Points points = MakePoints(0, 500, 1536);
  ASSERT_OK(Put(points));
  EXPECT_EQ(server_->store().Count("docs"), 500u);
}

TEST_P(QdrantTransportTest, TellsRefusalsApart) {
  StartWithCollection();
  EXPECT_FAIL(Refused({.status = 404, .text = "Not found: Collection `docs` doesn't exist!"}),
              Code::kNotFound, "Collection `docs` doesn't exist!");
  EXPECT_FAIL(Refused({.status = 503, .text = "Shard temporarily unavailable: The shard"}),
              Code::kUnavailable, "Shard temporarily unavailable");
  EXPECT_FAIL(Refused({.status = 408, .text = "Timeout: timed out after 1s"}), Code::kTimeout,
              "timed out after 1s");
  EXPECT_FAIL(Refused({.status = 507, .text = "Insufficient storage: disk quota of 10 GB"}),
              Code::kQuota, "disk quota");
  EXPECT_FAIL(Refused({.status = 500, .text = "Service internal error: 100% größer"}),
              Code::kUnavailable, "100% größer");
  const Status wait =
      Refused({.status = 429, .text = "Rate limiting exceeded", .retry_after_s = 5});
  EXPECT_FAIL(wait, Code::kRateLimited, "Rate limiting exceeded");
  EXPECT_EQ(wait.error().retry_after, std::chrono::seconds(5));
  EXPECT_OK(Put(MakePoints(0, 3)));
}

TEST_P(QdrantTransportTest, LearnsTheLimitOfAStrictServer) {
  QdrantOptions options;
  options.store.strict_upsert_max_batchsize = 4;
  StartWithCollection(options);
  for (std::size_t i = 0; i < 3; ++i) ASSERT_OK(Put(MakePoints(10 * i, 10)));
  EXPECT_EQ(server_->store().Count("docs"), 30u);
  EXPECT_EQ(server_->store().upserts(), 9u) << "as few as the limit allows";
  const std::size_t sent = GetParam() == "grpc"
                               ? static_cast<std::size_t>(server_->grpc_counters().upserts)
                               : UpsertsOverRest();
  EXPECT_EQ(sent, 10u) << "one refusal, not one per call";
}

TEST_P(QdrantTransportTest, SaysThatOnePointIsTooLarge) {
  StartWithCollection();
  const Status strict =
      Refused({.status = 400,
               .text = "Bad request: Limit exceeded 200 > 100 for \"upsert limit\". Help: Reduce"},
              1);
  EXPECT_FAIL(strict, Code::kTooLarge, "upsert limit");
  ASSERT_TRUE(strict.error().limit);
  EXPECT_EQ(*strict.error().limit,
            (SizeLimit{.unit = SizeLimit::Unit::kItems, .allowed = 100, .asked = 200}));
}

TEST_P(QdrantTransportTest, PassesOnThePaceOfTheServer) {
  QdrantOptions options;
  options.store.write_rate_per_minute = 10;
  StartWithCollection(options);
  const Status wait = Put(MakePoints(0, 12));
  EXPECT_FAIL(wait, Code::kRateLimited, "Retry after");
  ASSERT_TRUE(wait.error().retry_after);
  EXPECT_GT(*wait.error().retry_after, std::chrono::seconds(5));
  EXPECT_EQ(server_->store().Count("docs"), 6u) << "split, as the server has asked";
}

TEST_P(QdrantTransportTest, RefusesVectorsOfAnotherSize) {
  StartWithCollection();
  EXPECT_FAIL(Put(MakePoints(0, 1, 3)), Code::kConflict, "expected dim: 4, got 3");
}

TEST_P(QdrantTransportTest, WaitsForPointsThatAreOnlyNoted) {
  StartWithCollection();
  server_->store().DelayNextUpdate(std::chrono::milliseconds(200));
  ASSERT_OK(Put(MakePoints(0, 5)));
  EXPECT_EQ(server_->store().Count("docs"), 5u);
  server_->store().DelayNextUpdate(std::chrono::milliseconds(200));
  ASSERT_OK((*sink_)->Remove(Soon(), "docs", std::vector{UuidOf(0)}, 0));
  EXPECT_EQ(server_->store().Count("docs"), 4u);
  server_->store().DelayNextUpdate(std::chrono::milliseconds(200));
  ASSERT_OK(Put(MakePoints(1, 1, 4, "new")));
  EXPECT_EQ(server_->store().Points("docs").at('"' + UuidOf(1) + '"').payload["tag"], "new")
      << "also when the id was there before";
  server_->store().DelayNextUpdate(std::chrono::hours(1));
  EXPECT_FAIL(Put(MakePoints(10, 1), Within(std::chrono::milliseconds(1500))), Code::kTimeout,
              "noted");
}

TEST_P(QdrantTransportTest, CountsHiddenPointsAsStored) {
  Start();
  server_->store().Create(
      "docs", {{"vectors", {{"size", 4u}, {"distance", "Cosine"}}},
               {"optimizers_config", {{"prevent_unoptimized", true}, {"indexing_threshold", 1}}}});
  ASSERT_OK((*sink_)->EnsureCollection(Soon(), {.name = "docs", .dimensions = 4}));
  // Who asked the server to wait would wait for an optimizer that does not come.
  for (std::size_t i = 0; i < 10; ++i) ASSERT_OK(Put(MakePoints(10 * i, 10)));
  EXPECT_GT(server_->store().Hidden("docs"), 0u);
  EXPECT_EQ(server_->store().Hidden("docs") + server_->store().Count("docs"), 100u);
  ASSERT_OK((*sink_)->Remove(Soon(), "docs", std::vector{UuidOf(0), UuidOf(99)}, 7));
  ASSERT_OK((*sink_)->EnsureCollection(Soon(), {.name = "docs", .dimensions = 4}));
  EXPECT_EQ(log_.With("searches find them once").size(), 1u);
  server_->store().Optimize("docs");
  EXPECT_EQ(server_->store().Count("docs"), 98u);
}

TEST_P(QdrantTransportTest, LearnsFromAWriteThatTheCollectionHidesPoints) {
  QdrantOptions options;
  options.store.longest_wait = std::chrono::milliseconds(20);
  StartWithCollection(options);
  server_->store().Change(
      "docs", {{"optimizers_config", {{"prevent_unoptimized", true}, {"indexing_threshold", 0}}}});
  ASSERT_OK(Put(MakePoints(0, 5))) << "for which the server was asked to wait";
  ASSERT_OK(Put(MakePoints(5, 5)));
  EXPECT_EQ(server_->store().Hidden("docs"), 10u);
}

TEST_P(QdrantTransportTest, SparesThePointsOfALaterRunner) {
  for (const std::string version : {"1.19.0", "1.15.0"}) {
    QdrantOptions options;
    options.store.version = version;
    StartWithCollection(options);
    const auto put = [&](std::int64_t token, std::size_t count) {
      Points points = MakePoints(0, count, 4, std::to_string(token));
      for (std::string& payload : points.payloads) {
        payload.back() = ',';
        payload += R"("_dsw":{"t":)" + std::to_string(token) + "}}";
      }
      points.token = token;
      ASSERT_OK(Put(points));
    };
    ASSERT_OK(Put(MakePoints(0, 1))) << "a point without a stamp";
    put(8, 3);
    put(7, 4);
    const auto stored = server_->store().Points("docs");
    const auto tag = [&](std::size_t i) { return stored.at('"' + UuidOf(i) + '"').payload["tag"]; };
    const bool compares = version == "1.19.0";
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(tag(i), compares ? "8" : "7") << version;
    EXPECT_EQ(tag(3), "7") << "new points are stored";
    const std::vector ids = {UuidOf(0), UuidOf(3), UuidOf(99)};
    ASSERT_OK((*sink_)->Remove(Soon(), "docs", ids, 7));
    EXPECT_EQ(server_->store().Count("docs"), compares ? 3u : 2u) << "nor removed";
    put(9, 4);
    EXPECT_EQ(server_->store().Points("docs").at('"' + UuidOf(0) + '"').payload["tag"], "9");
  }
}

TEST_P(QdrantTransportTest, MakesAnIndexForTheFenceWhereStrictModeWantsOne) {
  const nlohmann::json strict = {
      {"vectors", {{"size", 4u}, {"distance", "Cosine"}}},
      {"strict_mode_config", {{"enabled", true}, {"unindexed_filtering_update", false}}}};
  Start();
  server_->store().Create("docs", strict);
  ASSERT_OK((*sink_)->EnsureCollection(Soon(), {.name = "docs", .dimensions = 4}));
  Points points = MakePoints(0, 2);
  points.token = 3;
  ASSERT_OK(Put(points));
  EXPECT_TRUE(server_->store().Describe("docs")["payload_schema"].contains("_dsw.t"));
  // An index that cannot be made leaves writes without a condition.
  QdrantFault refused;
  refused.refusal = Refusal{.status = 400, .text = "Bad request: too many indexes"};
  server_->store().Drop("docs");
  server_->store().Create("docs", strict);
  for (int i = 0; i < 2; ++i) server_->script().Add("index", {});
  server_->script().Add("index", refused);
  ASSERT_OK((*sink_)->EnsureCollection(Soon(), {.name = "docs", .dimensions = 4}));
  ASSERT_OK((*sink_)->Remove(Soon(), "docs", std::vector{UuidOf(0)}, 3));
  ASSERT_OK(Put(points));
  ASSERT_OK(Put(points));
  EXPECT_EQ(server_->store().Count("docs"), 2u);
  EXPECT_EQ(log_.With("removed without the condition").size(), 1u);
}

TEST_P(QdrantTransportTest, EndsAtTheDeadlineWhenTheServerHasAlreadyStored) {
  StartWithCollection();
  ASSERT_OK(Put(MakePoints(100, 1)));
  QdrantFault slow;
  slow.delay = std::chrono::seconds(30);
  server_->script().Add("upsert", slow);
  EXPECT_FAIL(Put(MakePoints(0, 5), Within(std::chrono::milliseconds(500))), Code::kTimeout);
  ASSERT_OK(Put(MakePoints(0, 5)));
  EXPECT_EQ(server_->store().Count("docs"), 6u);
}

TEST_P(QdrantTransportTest, SendsTheKeyAndNeverTellsIt) {
  QdrantOptions options;
  options.keys = {.api_key = "sesame-open-4711", .read_only_key = "look-only-4712"};
  Start(options, {}, "sesame-open-4711");
  ASSERT_OK((*sink_)->Health(Soon()));
  ASSERT_OK((*sink_)->EnsureCollection(Soon(), {.name = "docs", .dimensions = 4}));
  ASSERT_OK(Put(MakePoints(0, 1)));

  const nlohmann::json settings = {
      {"url", server_->rest_url()}, {"grpc_url", server_->grpc_url()}, {"transport", GetParam()}};
  const OpenedSink wrong(settings, "wrong-key-4713");
  const Status refused = Store(wrong, MakePoints(0, 1), Soon());
  EXPECT_FAIL(refused, Code::kUnauthenticated, "Invalid API key");
  EXPECT_THAT(refused.error().message, testing::Not(HasSubstr("4713")));
  EXPECT_FAIL(wrong->Health(Soon()), Code::kUnauthenticated);
  const OpenedSink none(settings);
  EXPECT_FAIL(Store(none, MakePoints(0, 1), Soon()), Code::kUnauthenticated, "Must provide");
  const OpenedSink reader(settings, "look-only-4712");
  EXPECT_OK(reader->Health(Soon()));
  EXPECT_FAIL(Store(reader, MakePoints(0, 1), Soon()), Code::kUnauthenticated, "Forbidden");
}

TEST_P(QdrantTransportTest, ServesSeveralThreadsAtOnce) {
  StartWithCollection();
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      for (std::size_t i = 0; i < 10; ++i) EXPECT_OK(Put(MakePoints(t * 100 + i * 10, 10)));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(server_->store().Count("docs"), 400u);
  EXPECT_TRUE(log_.With("no gRPC").empty());
}

TEST(QdrantTransportsTest, LeaveTheSamePoints) {
  const std::vector<std::string> payloads = {
      R"({})",
      R"({"dataset_item_id":9007199254740993,"chunk_index":0,"text":"日本語 🙂 \u0000 \"q\" \\"})",
      R"({"min":-9223372036854775808,"max":9223372036854775807,"more":18446744073709551615})",
      R"({"null":null,"yes":true,"no":false,"zero":0,"float":1.0,"tiny":1e-300,"":"empty key"})",
      R"({"custom_metadata":{"a":{"b":[1,[2.5,null,{}],{"c":[]}]},"list":["x",false,3]}})",
      R"({"deep":)" + std::string(50, '[') + std::string(50, ']') + "}"};
  const std::vector<std::string> ids = {
      UuidOf(1), "17", "18446744073709551615", "chunk-1", "5C56C79369F34FBF87E6C4BF54C28C26",
      UuidOf(2)};
  std::vector<doubles::StoredPoints> stored;
  for (const std::string transport : {"rest", "grpc"}) {
    QdrantDouble server;
    OpenedSink sink(
        {{"url", server.rest_url()}, {"grpc_url", server.grpc_url()}, {"transport", transport}});
    ASSERT_OK(sink->EnsureCollection(
        Soon(), {.name = "docs", .dimensions = 8, .distance = Distance::kDot}));
    Points points = MakePoints(0, ids.size(), 8);
    points.ids = ids;
    points.payloads = payloads;
    // One a call: a payload that gRPC cannot carry takes its whole request to REST.
    for (std::size_t i = 0; i < ids.size(); ++i) {
      ASSERT_OK(sink->Upsert(Soon(), "docs", points, i, 1));
    }
    EXPECT_EQ(server.grpc_counters().upserts, transport == "grpc" ? 4u : 0u);
    stored.push_back(server.store().Points("docs"));
  }
  ASSERT_EQ(stored[0].size(), ids.size());
  ASSERT_EQ(stored[1].size(), ids.size());
  for (auto one = stored[0].begin(), other = stored[1].begin(); one != stored[0].end();
       ++one, ++other) {
    EXPECT_EQ(one->first, other->first);
    EXPECT_EQ(one->second.vector, other->second.vector) << one->first;
    EXPECT_EQ(one->second.payload.dump(), other->second.payload.dump());
  }
}

}  // namespace
}  // namespace dsw
