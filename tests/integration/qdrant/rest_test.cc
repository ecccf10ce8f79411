// SPDX-License-Identifier: Apache-2.0
//
// Collections, and what REST alone meets.
#include <array>
#include <thread>

#include "tests/integration/qdrant/qdrant_fixture.h"

namespace dsw {
namespace {

using doubles::QdrantDouble;
using doubles::QdrantFault;
using doubles::QdrantOptions;
using testing::HasSubstr;

class QdrantRestTest : public testing::Test {
 protected:
  void Start(const QdrantOptions& options = {}, nlohmann::json settings = {}) {
    server_.emplace(options);
    settings["url"] = server_->rest_url();
    settings["transport"] = "rest";
    sink_.emplace(settings);
  }
  Result<CollectionState> Ensure(std::uint32_t dimensions = 4,
                                 Distance distance = Distance::kCosine, bool create = true) {
    return (*sink_)->EnsureCollection(
        Soon(), {.name = "docs", .dimensions = dimensions, .distance = distance, .create = create});
  }
  std::vector<std::string> Requests(std::string_view method) const {
    std::vector<std::string> found;
    for (const ReceivedRequest& request : server_->rest().requests()) {
      if (request.method == method) found.push_back(request.path + " " + request.body);
    }
    return found;
  }

  KeptLog log_;
  std::optional<QdrantDouble> server_;
  std::optional<OpenedSink> sink_;
};

TEST_F(QdrantRestTest, CreatesWithTheSettings) {
  Start({}, {{"hnsw_m", 8}, {"hnsw_ef_construct", 64}, {"quantization", true}});
  ASSERT_OK(Ensure(384, Distance::kEuclid));
  EXPECT_THAT(
      Requests("PUT"),
      testing::ElementsAre(
          R"(/collections/docs {"vectors":{"size":384,"distance":"Euclid"},)"
          R"("hnsw_config":{"m":8,"ef_construct":64},"quantization_config":)"
          R"({"scalar":{"type":"int8","quantile":0.99,"always_ram":true}}})",
          R"(/collections/docs/index {"field_name":"dataset_item_id","field_schema":"integer"})",
          R"(/collections/docs/index {"field_name":"item_id","field_schema":"integer"})"));
}

TEST_F(QdrantRestTest, AddsNothingToACollectionThatIsComplete) {
  Start();
  ASSERT_OK(Ensure());
  ASSERT_OK(Ensure());
  EXPECT_EQ(Requests("PUT").size(), 3u);
}

TEST_F(QdrantRestTest, ChecksTheShapeOfACollectionThatIsThere) {
  Start();
  ASSERT_OK(Ensure(4, Distance::kDot));
  EXPECT_FAIL(Ensure(5, Distance::kDot), Code::kConflict,
              "Failed to create collection: invalid vector size");
  EXPECT_FAIL(Ensure(4, Distance::kCosine), Code::kConflict, "Dot");
  EXPECT_OK(Ensure(4, Distance::kDot, false));
}

TEST_F(QdrantRestTest, RefusesCollectionsWithNamedVectors) {
  Start();
  server_->store().Create("docs",
                          {{"vectors", {{"title", {{"size", 4u}, {"distance", "Cosine"}}}}}});
  EXPECT_FAIL(Ensure(), Code::kConflict, "named vectors (title)");
}

TEST_F(QdrantRestTest, SaysWhatToDoAboutAMissingCollection) {
  Start();
  EXPECT_FAIL(Ensure(4, Distance::kCosine, false), Code::kNotFound, "QDRANT_CREATE_COLLECTION");
  EXPECT_FAIL((*sink_)->Count(Soon(), "docs"), Code::kNotFound, "Collection `docs`");
  EXPECT_FAIL(Store(*sink_, MakePoints(0, 1), Soon()), Code::kNotFound, "Collection `docs`");
  EXPECT_TRUE(Requests("PUT /collections/docs").empty());
}

TEST_F(QdrantRestTest, FindsACollectionThatAnotherWorkerMadeMeanwhile) {
  Start();
  QdrantFault missing;
  missing.refusal = doubles::Refusal{.status = 404, .text = "Not found: Collection `docs`"};
  server_->store().Create("docs", {{"vectors", {{"size", 4u}, {"distance", "Cosine"}}}});
  server_->script().Add("describe", missing);
  EXPECT_OK(Ensure());
  server_->script().Add("describe", missing);
  EXPECT_FAIL(Ensure(5), Code::kConflict, "invalid vector size");
}

TEST_F(QdrantRestTest, LetsWorkersCreateAtOnce) {
  Start();
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back([this] { EXPECT_OK(Ensure()); });
  for (std::thread& thread : threads) thread.join();
}

TEST_F(QdrantRestTest, TakesNamesThatNeedEncoding) {
  Start();
  const std::string name = "größe 50% #1";
  ASSERT_OK((*sink_)->EnsureCollection(Soon(), {.name = name, .dimensions = 4}));
  EXPECT_TRUE(server_->store().Exists(name));
  EXPECT_FAIL((*sink_)->EnsureCollection(Soon(), {.name = "a/b", .dimensions = 4}), Code::kInvalid,
              "a/b");
}

TEST_F(QdrantRestTest, WritesThroughAnAlias) {
  Start();
  server_->store().Create("docs-1", {{"vectors", {{"size", 4u}, {"distance", "Cosine"}}}});
  server_->store().SetAlias("docs", "docs-1");
  ASSERT_OK(Ensure());
  ASSERT_OK(Store(*sink_, MakePoints(0, 2), Soon()));
  EXPECT_EQ(server_->store().Count("docs-1"), 2u);
}

TEST_F(QdrantRestTest, SurvivesConnectionsThatWereClosedIdle) {
  QdrantOptions options;
  options.keep_alive = std::chrono::milliseconds(100);
  Start(options);
  ASSERT_OK(Ensure());
  for (std::size_t i = 0; i < 3; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
    ASSERT_OK(Store(*sink_, MakePoints(i, 1), Soon()));
  }
  EXPECT_GE(server_->rest().connection_count(), 4u);
}

TEST_F(QdrantRestTest, LeavesNoPointOutAfterAReset) {
  Start();
  ASSERT_OK(Ensure());
  for (const bool applied : {false, true}) {
    QdrantFault reset;
    reset.reset = true;
    reset.apply = applied;
    // Also the uncounted second try of the host meets it.
    server_->script().Add("upsert", reset);
    server_->script().Add("upsert", reset);
    EXPECT_FAIL(Store(*sink_, MakePoints(0, 5), Soon()), Code::kUnavailable);
    ASSERT_OK(Store(*sink_, MakePoints(0, 5), Soon()));
    EXPECT_EQ(server_->store().Count("docs"), 5u);
  }
}

TEST_F(QdrantRestTest, ReadsARefusalThatComesBeforeTheBodyIsRead) {
  QdrantOptions options;
  options.max_body_bytes = 1 << 20;
  Start(options);
  ASSERT_OK((*sink_)->EnsureCollection(Soon(), {.name = "docs", .dimensions = 1536}));
  EXPECT_OK(Store(*sink_, MakePoints(0, 200, 1536), Soon()));
  EXPECT_EQ(server_->store().Count("docs"), 200u) << "split by halves";
  Points huge = MakePoints(1000, 1, 1536);
  huge.payloads[0] = R"({"text":")" + std::string(2 << 20, 'x') + R"("})";
  const Status refused = Store(*sink_, huge, Soon());
  EXPECT_FAIL(refused, Code::kTooLarge, "is larger than allowed");
  ASSERT_TRUE(refused.error().limit);
  EXPECT_EQ(refused.error().limit->unit, SizeLimit::Unit::kBytes);
  EXPECT_EQ(refused.error().limit->allowed, 1 << 20);
}

TEST_F(QdrantRestTest, SaysWhereNobodyListens) {
  OpenedSink sink(nlohmann::json{{"url", "http://127.0.0.1:1"}});
  EXPECT_FAIL(sink->Health(Soon()), Code::kUnavailable,
              "Failed to connect to Qdrant: connection refused");
  EXPECT_FAIL(sink->EnsureCollection(Soon(), {.name = "docs", .dimensions = 4}), Code::kUnavailable,
              "http://127.0.0.1:1");
}

TEST_F(QdrantRestTest, IsHealthyOnlyWhenTheServerIsReady) {
  Start();
  EXPECT_OK((*sink_)->Health(Soon()));
  QdrantFault starting;
  starting.refusal =
      doubles::Refusal{.status = 503, .text = "some shards are not ready", .plain_text = true};
  server_->script().Add("readyz", starting);
  EXPECT_FAIL((*sink_)->Health(Soon()), Code::kUnavailable, "some shards are not ready");
}

TEST_F(QdrantRestTest, AsksForNoCompression) {
  Start();
  ASSERT_OK(Ensure());
  ASSERT_OK((*sink_)->Search(Soon(), "docs", MakePoints(0, 1).vectors.row(0), 3));
  for (const ReceivedRequest& request : server_->rest().requests()) {
    EXPECT_EQ(request.header("accept-encoding"), "identity") << request.path;
  }
}

TEST_F(QdrantRestTest, TakesA404OfAnotherServerForAWrongAddress) {
  RawHttpServer other([](const ReceivedRequest&) {
    return HttpReply{.status = 404, .body = "<html>nothing here</html>"};
  });
  OpenedSink sink(nlohmann::json{{"url", other.Url()}, {"transport", "rest"}});
  EXPECT_FAIL(sink->EnsureCollection(Soon(), {.name = "docs", .dimensions = 4}), Code::kBadResponse,
              "QDRANT_URL");
  EXPECT_FAIL(Store(sink, MakePoints(0, 1), Soon()), Code::kBadResponse, "QDRANT_URL");
  EXPECT_EQ(other.request_count(), 2u) << "and nothing was to be created there";
}

TEST_F(QdrantRestTest, DoubtsAnswersThatAreNotQdrants) {
  RawHttpServer other([](const ReceivedRequest&) {
    return HttpReply{.status = 200, .body = "<html>welcome</html>"};
  });
  OpenedSink sink(nlohmann::json{{"url", other.Url()}, {"transport", "rest"}});
  EXPECT_FAIL(sink->Count(Soon(), "docs"), Code::kBadResponse, "QDRANT_URL");
}

}  // namespace
}  // namespace dsw
