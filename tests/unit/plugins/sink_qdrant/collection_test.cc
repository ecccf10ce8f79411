// SPDX-License-Identifier: Apache-2.0
#include "plugins/sink_qdrant/collection.h"

#include <gmock/gmock.h>

#include <dsw/plugin.hpp>

namespace dsw::qdrant {
namespace {

using Json = nlohmann::ordered_json;
using testing::HasSubstr;

Json With(const std::string& vectors) {
  Json description;
  description["config"]["params"]["vectors"] = Json::parse(vectors);
  return description;
}

std::string Conflict(const Json& description) {
  try {
    CheckShape("docs", description, 384, "Cosine");
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.error().category, DSW_E_CONFLICT);
    return failure.what();
  }
  return "none";
}

TEST(QdrantCollectionTest, AcceptsTheSameShape) {
  EXPECT_EQ(Conflict(With(R"({"size":384,"distance":"Cosine","on_disk":true})")), "none");
}

TEST(QdrantCollectionTest, NamesBothSizes) {
  EXPECT_THAT(
      Conflict(With(R"({"size":768,"distance":"Cosine"})")),
      testing::AllOf(testing::StartsWith("Failed to create collection: invalid vector size"),
                     HasSubstr("768"), HasSubstr("384"), HasSubstr("\"docs\"")));
}

TEST(QdrantCollectionTest, NamesBothDistances) {
  EXPECT_THAT(Conflict(With(R"({"size":384,"distance":"Dot"})")),
              testing::AllOf(HasSubstr("Dot"), HasSubstr("Cosine"), HasSubstr("QDRANT_DISTANCE")));
}

TEST(QdrantCollectionTest, RefusesNamedVectors) {
  EXPECT_THAT(Conflict(With(R"({"title":{"size":384,"distance":"Cosine"},"body":{"size":384}})")),
              HasSubstr("named vectors (title, body)"));
  EXPECT_THAT(Conflict(With("{}")), HasSubstr("named vectors (none)"));
  EXPECT_THAT(Conflict(Json::object()), HasSubstr("named vectors"));
}

}  // namespace
}  // namespace dsw::qdrant
