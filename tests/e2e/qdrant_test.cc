// SPDX-License-Identifier: Apache-2.0
//
// Jobs whose vectors go to Qdrant, against a double that refuses what Qdrant refuses.
#include <chrono>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "host/domain/point.h"
#include "tests/doubles/qdrant/qdrant_double.h"
#include "tests/e2e/world.h"

namespace dsw {
namespace {

using doubles::QdrantDouble;
using doubles::QdrantFault;
using doubles::Refusal;
using Json = nlohmann::json;
using testing::HasSubstr;
using testing::Not;

constexpr char kKey[] = "a-key-of-the-vector-database";

class QdrantTest : public testing::Test {
 protected:
  QdrantTest()
      : double_({.keys = {.api_key = kKey, .read_only_key = {}},
                 .capture = world_.directory() / "rest.ndjson"}) {
    world_.AddPlugin(DSW_SINK_QDRANT);
    world_.Set("VECTOR_SINK", "qdrant");
    world_.Set("QDRANT_URL", double_.rest_url());
    world_.Set("QDRANT_API_KEY", kKey);
    world_.Set("QDRANT_GRPC_URL", double_.grpc_url());
  }

  /// Ids of the points that the double has.
  std::multiset<std::string> Stored(std::int64_t transform) {
    std::multiset<std::string> ids;
    for (const auto& [id, point] : double_.store().Points(world_.CollectionOf(transform))) {
      ids.insert(Json::parse(id).get<std::string>());
    }
    return ids;
  }

  /// The bodies of the requests to `path` or, with a "*" in front, to those that end so.
  std::vector<Json> Received(const std::string& method, const std::string& path) {
    std::vector<Json> bodies;
    std::istringstream lines(ReadFile(world_.directory() / "rest.ndjson"));
    for (std::string line; std::getline(lines, line);) {
      const Json exchange = Json::parse(line);
      const auto with_query = exchange.at("path").get<std::string>();
      const std::string asked = with_query.substr(0, with_query.find('?'));
      const bool here = path.front() == '*' ? asked.ends_with(path.substr(1)) : asked == path;
      if (here && exchange.at("method") == method) {
        bodies.push_back(Json::parse(exchange.at("request").get<std::string>()));
      }
    }
    return bodies;
  }

  World world_;
  QdrantDouble double_;
};

TEST_F(QdrantTest, BothTransportsLeaveTheSamePoints) {
  const std::int64_t transform = world_.ImportItems("same", 20, 3);
  const auto stored_over = [&](const char* transport) {
    world_.Set("QDRANT_TRANSPORT", transport);
    world_.Submit(transform, "full");
    EXPECT_EQ(world_.RunUntilIdle(), 0) << world_.Log();
    EXPECT_EQ(Stored(transform), world_.ExpectedPointIds(transform)) << transport;
    doubles::StoredPoints points = double_.store().Points(world_.CollectionOf(transform));
    double_.store().Drop(world_.CollectionOf(transform));
    // Each job writes under a token of its own.
    for (auto& [id, point] : points) point.payload.at(kStampKey).erase("t");
    return points;
  };
  const doubles::StoredPoints over_grpc = stored_over("grpc");
  EXPECT_GT(double_.grpc_counters().upserts, 0u);
  EXPECT_TRUE(Received("PUT", "*/points").empty());
  const doubles::StoredPoints over_rest = stored_over("rest");
  EXPECT_FALSE(Received("PUT", "*/points").empty());
  ASSERT_EQ(over_grpc.size(), 60u);
  for (const auto& [id, point] : over_grpc) {
    EXPECT_EQ(point.vector, over_rest.at(id).vector);
    EXPECT_EQ(point.payload, over_rest.at(id).payload);
  }
}

TEST_F(QdrantTest, SettingsReachTheCollectionAndTheUpserts) {
  world_.Set("QDRANT_TRANSPORT", "rest");
  world_.Set("QDRANT_DISTANCE", "Dot");
  world_.Set("QDRANT_HNSW_M", "24");
  world_.Set("QDRANT_HNSW_EF_CONSTRUCT", "77");
  world_.Set("QDRANT_ENABLE_QUANTIZATION", "true");
  world_.Set("QDRANT_UPLOAD_BATCH_SIZE", "7");
  const std::int64_t transform = world_.ImportItems("settings", 1, 30);
  world_.Submit(transform);
  ASSERT_EQ(world_.RunUntilIdle(), 0) << world_.Log();
  const std::string collection = world_.CollectionOf(transform);
  const std::vector<Json> created = Received("PUT", "/collections/" + collection);
  ASSERT_EQ(created.size(), 1u);
  EXPECT_EQ(created[0], Json::parse(R"({"vectors":{"size":8,"distance":"Dot"},
                            "hnsw_config":{"m":24,"ef_construct":77},
                            "quantization_config":{"scalar":{"type":"int8","quantile":0.99,
                                                             "always_ram":true}}})"));
  const std::vector<Json> upserts = Received("PUT", "*/points");
  ASSERT_EQ(upserts.size(), 5u);
  for (const Json& upsert : upserts) EXPECT_LE(upsert.at("points").size(), 7u);
}

TEST_F(QdrantTest, AWrongKeyStopsTheWorkerAndCostsNoJob) {
  std::int64_t jobs = 0;
  for (const char* transport : {"grpc", "rest"}) {
    SCOPED_TRACE(transport);
    world_.Set("QDRANT_TRANSPORT", transport);
    const std::int64_t paid = world_.TextsEmbedded();
    for (int i = 0; i < 3; ++i, ++jobs) {
      world_.Submit(
          world_.ImportItems(fmt::format("{} {}", transport, i), 1, 3, world_.CountConfig()));
    }
    world_.Set("QDRANT_API_KEY", "an-old-key");
    const std::size_t before = world_.Log().size();
    {
      const Process worker = world_.StartWorker();
      ASSERT_TRUE(Eventually(
          [&] { return world_.Log().find("not ready: ", before) != std::string::npos; }));
      EXPECT_NE(world_.Log().find("part=sink", before), std::string::npos);
      EXPECT_FALSE(
          Eventually([&] { return !world_.DeadLetters().empty(); }, std::chrono::seconds(2)));
    }
    EXPECT_EQ(world_.TextsEmbedded(), paid) << "nothing is paid for meanwhile";
    world_.Set("QDRANT_API_KEY", kKey);
    ASSERT_EQ(world_.RunUntilIdle(), 0) << world_.Log();
    EXPECT_EQ(world_.TextsEmbedded(), jobs * 3);
  }
}

TEST_F(QdrantTest, DefaultsAskForNoQuantization) {
  const std::int64_t transform = world_.ImportItems("defaults", 1, 1);
  world_.Submit(transform);
  ASSERT_EQ(world_.RunUntilIdle(), 0) << world_.Log();
  const std::vector<Json> created =
      Received("PUT", "/collections/" + world_.CollectionOf(transform));
  ASSERT_EQ(created.size(), 1u);
  EXPECT_EQ(created[0], Json::parse(R"({"vectors":{"size":8,"distance":"Cosine"},
                                        "hnsw_config":{"m":16,"ef_construct":100}})"));
}

TEST_F(QdrantTest, ABadValueIsRefusedAtTheStart) {
  world_.Set("QDRANT_DISTANCE", "Hamming");
  const Output run = world_.Run({"run", "--until-idle"});
  EXPECT_FALSE(run.status.ok());
  EXPECT_THAT(run.err, HasSubstr("expected one of Cosine, Euclid, Dot"));
}

TEST_F(QdrantTest, ACollectionOfAnotherSizeCostsNoEmbedding) {
  double_.store().Create("taken", Json::parse(R"({"vectors":{"size":16,"distance":"Cosine"}})"));
  const std::int64_t transform = world_.ImportLines(
      "sizes", R"({"title":"t","text":"x"})",
      {"--embedder", "test:hash-8", "--collection", "taken", "--config", world_.CountConfig()});
  world_.Submit(transform);
  ASSERT_EQ(world_.RunUntilIdle(), 1) << world_.Log();
  ASSERT_EQ(world_.DeadLetters().size(), 1u);
  EXPECT_EQ(world_.DeadLetters()[0].error_type, "conflict");
  EXPECT_THAT(world_.DeadLetters()[0].error,
              HasSubstr("Failed to create collection: invalid vector size"));
  EXPECT_EQ(world_.TextsEmbedded(), 0);
}

TEST_F(QdrantTest, FailuresOnTheWayLoseNothing) {
  world_.Set("EMBEDDER_MAX_RETRIES", "5");
  for (const char* transport : {"grpc", "rest"}) {
    world_.Set("QDRANT_TRANSPORT", transport);
    double_.script().Add("upsert",
                         QdrantFault{.refusal = Refusal{500, "Service internal error: told to"}});
    double_.script().Add("upsert", QdrantFault{.reset = true});
    const std::int64_t transform =
        world_.ImportItems(fmt::format("failing over {}", transport), 40, 5);
    world_.Submit(transform);
    ASSERT_EQ(world_.RunUntilIdle(), 0) << world_.Log();
    EXPECT_EQ(Stored(transform), world_.ExpectedPointIds(transform)) << transport;
  }
  EXPECT_TRUE(world_.DeadLetters().empty());
}

TEST_F(QdrantTest, RemovesThePointsOfItemsThatAreGone) {
  const std::int64_t transform = world_.ImportItems("shrinking", 6, 4);
  world_.Submit(transform);
  ASSERT_EQ(world_.RunUntilIdle(), 0) << world_.Log();
  world_.Sql("DELETE FROM dataset_items WHERE title IN ('item 1', 'item 4')");
  world_.Submit(transform);
  ASSERT_EQ(world_.RunUntilIdle(), 0) << world_.Log();
  EXPECT_EQ(Stored(transform).size(), 16u);
  EXPECT_EQ(Stored(transform), world_.ExpectedPointIds(transform));
}

TEST_F(QdrantTest, SearchFindsWhatWasStored) {
  const std::int64_t transform = world_.ImportItems("searched", 5, 2);
  world_.Submit(transform);
  ASSERT_EQ(world_.RunUntilIdle(), 0) << world_.Log();
  const Output found = world_.Run({"search", "--transform", std::to_string(transform), "--json",
                                   "-k", "1", "searched item 3 chunk 1"});
  ASSERT_TRUE(found.status.ok()) << found.err;
  const Json answer = Json::parse(found.out);
  ASSERT_EQ(answer.at("results").size(), 1u);
  EXPECT_EQ(answer["results"][0]["payload"]["text"], "searched item 3 chunk 1");
}

TEST_F(QdrantTest, ItsKeyIsSeenNowhereAndSentNowhereElse) {
  world_.Set("LOG_LEVEL", "trace");
  QdrantDouble other;
  // Another host than that of the other one, to whoever compares names.
  std::string own = double_.rest_url();
  own.replace(own.find("127.0.0.1"), std::string("127.0.0.1").size(), "localhost");
  world_.Set("QDRANT_URL", own);
  const std::int64_t transform = world_.ImportItems("keys", 1, 1);
  world_.Publish(fmt::format(
      R"({{"job_id":"j","dataset_transform_id":{},"mode":"full","qdrant_config":{{"url":"{}"}}}})",
      transform, other.rest_url()));
  ASSERT_EQ(world_.RunUntilIdle(), 0) << world_.Log();
  EXPECT_FALSE(other.rest().requests().empty());
  for (const auto& request : other.rest().requests()) {
    for (const auto& [name, value] : request.headers) EXPECT_THAT(value, Not(HasSubstr(kKey)));
  }

  world_.Set("QDRANT_URL", "http://localhost:1");
  const Process worker = world_.StartWorker();
  constexpr std::string_view kReason = "Failed to connect to Qdrant: connection refused";
  EXPECT_TRUE(Eventually([&] { return world_.Log().find(kReason) != std::string::npos; }));
  EXPECT_THAT(world_.Log(), Not(HasSubstr(kKey)));
}

}  // namespace
}  // namespace dsw
