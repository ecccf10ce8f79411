// SPDX-License-Identifier: Apache-2.0
#include "plugins/sink_qdrant/config.h"

#include <gmock/gmock.h>

#include <dsw/plugin.hpp>

namespace dsw::qdrant {
namespace {

using testing::HasSubstr;

std::string Refusal(std::string_view json) {
  try {
    ParseConfig(json);
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.error().category, DSW_E_INVALID_CONFIG);
    return failure.what();
  }
  return "accepted";
}

TEST(QdrantConfigTest, HasQdrantsDefaults) {
  const Config config = ParseConfig("{}");
  EXPECT_EQ(config.rest_url, "http://localhost:6333");
  EXPECT_EQ(config.grpc_url, "http://localhost:6334");
  EXPECT_FALSE(config.grpc_address_given);
  EXPECT_EQ(config.transport, Transport::kAuto);
  EXPECT_EQ(config.hnsw_m, 16u);
  EXPECT_EQ(config.hnsw_ef_construct, 100u);
  EXPECT_FALSE(config.quantization);
  EXPECT_EQ(config.max_request_bytes, 8u << 20);
}

TEST(QdrantConfigTest, TakesEverySetting) {
  const Config config = ParseConfig(R"({
    "url": "https://vectors.example:7000/qdrant/", "grpc_url": "http://[::1]:9/",
    "api_key": "{{secret:api_key}}", "transport": "rest", "hnsw_m": 0, "hnsw_ef_construct": 4,
    "quantization": true, "on_disk": true, "on_disk_payload": false,
    "max_request_bytes": 65536})");
  EXPECT_EQ(config.rest_url, "https://vectors.example:7000/qdrant");
  EXPECT_EQ(config.grpc_url, "http://[::1]:9");
  EXPECT_EQ(config.api_key, "{{secret:api_key}}");
  EXPECT_EQ(config.transport, Transport::kRest);
  EXPECT_EQ(config.hnsw_m, 0u);
  EXPECT_EQ(config.hnsw_ef_construct, 4u);
  EXPECT_TRUE(config.quantization);
  EXPECT_EQ(config.on_disk, true);
  EXPECT_EQ(config.on_disk_payload, false);
  EXPECT_EQ(config.max_request_bytes, 65536u);
}

TEST(QdrantConfigTest, TakesTheGrpcPortForWhatItIs) {
  const Config config = ParseConfig(R"({"url": "http://qdrant:6334"})");
  EXPECT_EQ(config.rest_url, "http://qdrant:6333");
  EXPECT_EQ(config.grpc_url, "http://qdrant:6334");
  EXPECT_TRUE(config.grpc_address_given);
}

TEST(QdrantConfigTest, ExpectsGrpcBesideRest) {
  EXPECT_EQ(ParseConfig(R"({"url": "http://qdrant:8000"})").grpc_url, "http://qdrant:8001");
  EXPECT_EQ(ParseConfig(R"({"url": "https://qdrant"})").grpc_url, "https://qdrant:443");
}

TEST(QdrantConfigTest, NamesWhatIsWrong) {
  EXPECT_THAT(Refusal(R"({"url": "qdrant:6333"})"), HasSubstr("/url: expected an address"));
  EXPECT_THAT(Refusal(R"({"url": "ftp://qdrant"})"), HasSubstr("http:// or https://"));
  EXPECT_THAT(Refusal(R"({"url": "http://:6333"})"),
              HasSubstr("/url: expected an address with a host"));
  EXPECT_THAT(Refusal(R"({"url": "http://q:0"})"), HasSubstr("a port from 1 to 65535"));
  EXPECT_THAT(Refusal(R"({"url": "http://q:6333x"})"), HasSubstr("a port from 1 to 65535"));
  EXPECT_THAT(Refusal(R"({"url": "http://me:pw@q"})"),
              testing::AllOf(HasSubstr("without user"), testing::Not(HasSubstr("pw"))));
  EXPECT_THAT(Refusal(R"({"grpc_url": "http://q?x"})"), HasSubstr("/grpc_url: "));
  EXPECT_THAT(Refusal(R"({"transport": "http"})"),
              testing::AllOf(HasSubstr("/transport"), HasSubstr("grpc"), HasSubstr("rest")));
  EXPECT_THAT(Refusal(R"({"hnsw_ef_construct": 3})"), HasSubstr("/hnsw_ef_construct"));
  EXPECT_THAT(Refusal(R"({"colour": 3})"), HasSubstr("colour"));
  EXPECT_THAT(Refusal("[]"), testing::Not("accepted"));
}

}  // namespace
}  // namespace dsw::qdrant
