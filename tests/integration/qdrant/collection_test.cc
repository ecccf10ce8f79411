// SPDX-License-Identifier: Apache-2.0
//
// What a collection is said to be, and the list of its points.
#include <array>

#include "tests/integration/qdrant/qdrant_fixture.h"

namespace dsw {
namespace {

using doubles::QdrantDouble;
using doubles::QdrantFault;
using doubles::QdrantOptions;
using doubles::Refusal;
using Json = nlohmann::json;

const Json kHiding = {
    {"vectors", {{"size", 4u}, {"distance", "Cosine"}}},
    {"optimizers_config", {{"prevent_unoptimized", true}, {"indexing_threshold", 0}}}};

class QdrantCollectionTest : public testing::Test {
 protected:
  void Start(const std::string& version = "1.19.0") {
    QdrantOptions options;
    options.store.version = version;
    server_.emplace(options);
    sink_.emplace(Json{{"url", server_->rest_url()}, {"transport", "rest"}});
  }
  CollectionState Ensure() {
    auto state = (*sink_)->EnsureCollection(Soon(), {.name = "docs", .dimensions = 4});
    EXPECT_OK(state);
    return state ? *state : CollectionState{};
  }
  std::vector<std::string> Ids(std::string_view after, std::uint32_t limit) {
    std::vector<PointStamp> page;
    EXPECT_OK((*sink_)->Scan(Soon(), "docs", after, limit, page));
    std::vector<std::string> ids;
    for (const PointStamp& point : page) ids.push_back(point.id);
    return ids;
  }

  KeptLog log_;
  std::optional<QdrantDouble> server_;
  std::optional<OpenedSink> sink_;
};

TEST_F(QdrantCollectionTest, IsNewThenEmptyThenNeither) {
  Start();
  const CollectionState made = Ensure();
  EXPECT_TRUE(made.created);
  EXPECT_TRUE(made.empty);
  const CollectionState again = Ensure();
  EXPECT_FALSE(again.created);
  EXPECT_TRUE(again.empty);
  ASSERT_OK(Store(*sink_, MakePoints(0, 1), Soon()));
  EXPECT_FALSE(Ensure().empty);
  server_->store().Drop("docs");
  EXPECT_TRUE(Ensure().created);
}

TEST_F(QdrantCollectionTest, IsNotCalledEmptyWhileAnythingMayCome) {
  Start();
  Ensure();
  server_->store().DelayNextUpdate(std::chrono::hours(1));
  EXPECT_FAIL(Store(*sink_, MakePoints(0, 1), Within(std::chrono::milliseconds(200))),
              Code::kTimeout);
  EXPECT_FALSE(Ensure().empty) << "an update is noted";
  server_->store().Create("hiding", kHiding);
  ASSERT_OK((*sink_)->Upsert(Soon(), "hiding", MakePoints(0, 1), 0, 1));
  ASSERT_OK_AND_ASSIGN(const CollectionState state,
                       (*sink_)->EnsureCollection(Soon(), {.name = "hiding", .dimensions = 4}));
  EXPECT_FALSE(state.empty) << "a point is hidden";
}

TEST_F(QdrantCollectionTest, KeepsTheMaker) {
  Start();
  EXPECT_EQ(Ensure().maker, "");
  const std::string maker = R"({"provider":"openai","model":"größe \"3\""})";
  ASSERT_OK((*sink_)->SetMaker(Soon(), "docs", maker));
  EXPECT_EQ(Ensure().maker, maker);
  server_->store().Change("docs", {{"metadata", {{"own", {1, 2}}}}});
  ASSERT_OK((*sink_)->SetMaker(Soon(), "docs", "other"));
  EXPECT_EQ(Ensure().maker, "other");
  EXPECT_EQ(server_->store().Describe("docs")["config"]["metadata"]["own"], Json({1, 2}))
      << "what others keep there stays";
  server_->store().Change("docs", {{"metadata", {{"dsw_maker", 5}}}});
  EXPECT_EQ(Ensure().maker, "") << "not of ours";
}

TEST_F(QdrantCollectionTest, KeepsNoMakerOnServersBeforeMetadata) {
  Start("1.15.5");
  Ensure();
  ASSERT_OK((*sink_)->SetMaker(Soon(), "docs", "m"));
  EXPECT_EQ(Ensure().maker, "");
  for (const ReceivedRequest& request : server_->rest().requests()) {
    EXPECT_NE(request.method, "PATCH") << "which restarts the collection's workers";
  }
}

TEST_F(QdrantCollectionTest, GoesOnWithoutTheMakerWhereTheKeyMayNotChangeCollections) {
  Start();
  Ensure();
  QdrantFault forbidden;
  forbidden.refusal = Refusal{.status = 403, .text = "Forbidden: Global manage access is required"};
  server_->script().Add("change", forbidden);
  EXPECT_OK((*sink_)->SetMaker(Soon(), "docs", "m"));
  EXPECT_EQ(log_.With("Global manage access").size(), 1u);
  QdrantFault down;
  down.refusal = Refusal{.status = 503, .text = "Shard temporarily unavailable"};
  server_->script().Add("change", down);
  EXPECT_FAIL((*sink_)->SetMaker(Soon(), "docs", "m"), Code::kUnavailable);
}

TEST_F(QdrantCollectionTest, ListsPointsByIdWithTheirStampsAlone) {
  Start();
  Ensure();
  Points points = MakePoints(1, 5);
  points.ids[3] = "17";
  points.ids[4] = "9";
  points.payloads[0] = R"({"text":"long","_dsw":{"ed":7,"h":"0f","m":"1a","t":12}})";
  ASSERT_OK(Store(*sink_, points, Soon()));
  std::vector<PointStamp> page;
  ASSERT_OK((*sink_)->Scan(Soon(), "docs", "", 3, page));
  ASSERT_EQ(page.size(), 3u);
  EXPECT_EQ(page[0].id, "9");
  EXPECT_EQ(page[1].id, "17");
  EXPECT_EQ(page[2].id, UuidOf(1));
  EXPECT_EQ(page[1].stamp, "");
  EXPECT_EQ(page[2].stamp, R"({"ed":7,"h":"0f","m":"1a","t":12})");
  EXPECT_EQ(Ids(UuidOf(1), 3), (std::vector{UuidOf(2), UuidOf(3)}));
  EXPECT_EQ(Ids("17", 2), (std::vector{UuidOf(1), UuidOf(2)}));
  EXPECT_EQ(Ids("16", 2), (std::vector{std::string("17"), UuidOf(1)}))
      << "behind an id that is gone";
  EXPECT_EQ(Ids(UuidOf(3), 2), std::vector<std::string>());
  EXPECT_THAT(server_->rest().requests().back().body, testing::HasSubstr(R"("with_vector":false)"));
  EXPECT_FAIL((*sink_)->Scan(Soon(), "gone", "", 3, page), Code::kNotFound);
}

TEST_F(QdrantCollectionTest, ListsInSmallerPagesWhereStrictModeWantsThem) {
  Start();
  Ensure();
  ASSERT_OK(Store(*sink_, MakePoints(0, 10), Soon()));
  server_->store().Change("docs",
                          {{"strict_mode_config", {{"enabled", true}, {"max_query_limit", 3}}}});
  EXPECT_EQ(Ids("", 8).size(), 8u);
  EXPECT_EQ(Ids(UuidOf(7), 8), (std::vector{UuidOf(8), UuidOf(9)}));
}

TEST_F(QdrantCollectionTest, DoesNotListWhilePointsAreHidden) {
  Start();
  server_->store().Create("docs", kHiding);
  Ensure();
  ASSERT_OK(Store(*sink_, MakePoints(0, 2), Soon()));
  std::vector<PointStamp> page;
  EXPECT_FAIL((*sink_)->Scan(Soon(), "docs", "", 9, page), Code::kUnavailable,
              "2 points of the collection wait");
  server_->store().Optimize("docs");
  EXPECT_EQ(Ids("", 9).size(), 2u);
}

}  // namespace
}  // namespace dsw
