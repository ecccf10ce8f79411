// SPDX-License-Identifier: Apache-2.0
#include "plugins/sink_qdrant/bodies.h"

#include <limits>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "tests/unit/plugins/sink_qdrant/made_points.h"

namespace dsw::qdrant {
namespace {

using Json = nlohmann::json;

TEST(QdrantBodiesTest, CreatesWithEverySetting) {
  EXPECT_EQ(CreateBody({}, 384, "Cosine"), R"({"vectors":{"size":384,"distance":"Cosine"},)"
                                           R"("hnsw_config":{"m":16,"ef_construct":100}})");
  Config config;
  config.hnsw_m = 0;
  config.hnsw_ef_construct = 4;
  config.quantization = true;
  config.on_disk = true;
  config.on_disk_payload = true;
  EXPECT_EQ(CreateBody(config, 3, "Dot"),
            R"({"vectors":{"size":3,"distance":"Dot","on_disk":true},)"
            R"("hnsw_config":{"m":0,"ef_construct":4},"on_disk_payload":true,)"
            R"("quantization_config":{"scalar":{"type":"int8","quantile":0.99,)"
            R"("always_ram":true}}})");
}

TEST(QdrantBodiesTest, NamesTheDistances) {
  EXPECT_EQ(DistanceName(DSW_DISTANCE_COSINE), "Cosine");
  EXPECT_EQ(DistanceName(DSW_DISTANCE_EUCLID), "Euclid");
  EXPECT_EQ(DistanceName(DSW_DISTANCE_DOT), "Dot");
  EXPECT_EQ(DistanceName(9), "");
}

TEST(QdrantBodiesTest, WritesPointsInFull) {
  const MadePoints made({"5C56C793-69f3-4fbf-87e6-c4bf54c28c26", "18446744073709551615", "c-1"},
                        {{0.1F, -2.0F}, {1e-9F, 16777216.0F}, {0, -0.0F}},
                        {R"({"a":1})", "{}", R"({ "b" : "ü" })"});
  const UpsertBody body(made.range());
  EXPECT_EQ(Joined(body.pieces()),
            R"({"points":[{"id":"5c56c793-69f3-4fbf-87e6-c4bf54c28c26","vector":[0.1,-2],)"
            R"("payload":{"a":1}},{"id":18446744073709551615,"vector":[1e-09,16777216],)"
            R"("payload":{}},{"id":")" +
                MakePointId("c-1").uuid +
                R"(","vector":[0,-0],"payload":{ "b" : "ü" ,"original_id":"c-1"}}]})");
}

TEST(QdrantBodiesTest, WritesTheFenceBehindThePoints) {
  const MadePoints made({"1"}, {{1}}, {"{}"});
  PointRange range = made.range();
  range.fence = 9'223'372'036'854'775'807;
  EXPECT_EQ(Joined(UpsertBody(range).pieces()),
            R"({"points":[{"id":1,"vector":[1],"payload":{}}],"update_filter":{"must_not":)"
            R"([{"key":"_dsw.t","range":{"gt":9223372036854775807}}]}})");
}

TEST(QdrantBodiesTest, RemovesByIdsWithAndWithoutAFence) {
  EXPECT_EQ(RemoveBody({"1", "\"a\""}, 0), R"({"points":[1,"a"]})");
  EXPECT_EQ(RemoveBody({"1"}, 7), R"({"filter":{"must":[{"has_id":[1]}],)"
                                  R"("must_not":[{"key":"_dsw.t","range":{"gt":7}}]}})");
}

TEST(QdrantBodiesTest, WritesFloatsThatReadBackTheSame) {
  const std::vector<float> floats = {std::numeric_limits<float>::max(),
                                     std::numeric_limits<float>::min(),
                                     -std::numeric_limits<float>::denorm_min(),
                                     -1.17549435e-38F,
                                     0.1F + 0.2F,
                                     1.0F / 3.0F};
  const MadePoints made({"1"}, {floats}, {"{}"});
  const UpsertBody body(made.range());
  const Json json = Json::parse(Joined(body.pieces()));
  EXPECT_EQ(json["points"][0]["vector"].get<std::vector<float>>(), floats);
  const Json query = Json::parse(QueryBody(floats.data(), 6, 10));
  EXPECT_EQ(query["query"].get<std::vector<float>>(), floats);
  EXPECT_EQ(query["limit"], 10);
  EXPECT_EQ(query["with_payload"], true);
}

TEST(QdrantBodiesTest, LendsThePayloadsInPlace) {
  const MadePoints made({"1"}, {{1}}, {R"({"a":1})"});
  const UpsertBody body(made.range());
  ASSERT_EQ(body.pieces().size(), 3u);
  EXPECT_EQ(body.pieces()[1].ptr, made.points().payloads[0].ptr);
}

TEST(QdrantPointsTest, CutsByBytesButTakesOnePointAtLeast) {
  const std::string payload = R"({"t":")" + std::string(872 - 8, 'x') + R"("})";
  const MadePoints made({"1", "2", "3"}, {{1}, {2}, {3}}, {payload, payload, payload});
  constexpr std::size_t kEach = 872 + 128 + 4;
  EXPECT_EQ(made.range().Front(2 * kEach, 4).count, 2u);
  EXPECT_EQ(made.range().Front(2 * kEach - 1, 4).count, 1u);
  EXPECT_EQ(made.range().Front(1, 4).count, 1u);
  EXPECT_EQ(made.range().Front(99 * kEach, 4).count, 3u);
  const PointRange rest = made.range().After(made.range().Front(1, 4));
  EXPECT_EQ(rest.count, 2u);
  EXPECT_EQ(rest.GivenId(0), "2");
}

}  // namespace
}  // namespace dsw::qdrant
