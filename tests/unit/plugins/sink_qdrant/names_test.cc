// SPDX-License-Identifier: Apache-2.0
#include "plugins/sink_qdrant/names.h"

#include <gmock/gmock.h>

#include <dsw/plugin.hpp>

namespace dsw::qdrant {
namespace {

TEST(QdrantNamesTest, EncodesWhatAPathCannotHold) {
  EXPECT_EQ(CollectionPath("docs-1_a.b~"), "/collections/docs-1_a.b~");
  EXPECT_EQ(CollectionPath("a b%ü#"), "/collections/a%20b%25%C3%BC%23");
}

TEST(QdrantNamesTest, RefusesNamesThatQdrantRefuses) {
  const std::string longest(255, 'x');
  EXPECT_NO_THROW(CheckCollectionName(longest));
  std::vector<std::string> refused = {"",      longest + "x", std::string("a\0b", 3),
                                      "a\x1f", ".",           ".."};
  for (const char c : std::string("<>:\"/\\|?*")) refused.push_back(std::string("a") + c);
  for (const std::string& name : refused) {
    try {
      CheckCollectionName(name);
      ADD_FAILURE() << name;
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.error().category, DSW_E_INVALID_REQUEST);
    }
  }
}

TEST(QdrantNamesTest, TakesNumbersAndUuidsAsTheyAre) {
  EXPECT_EQ(MakePointId("0").Json(), "0");
  EXPECT_EQ(MakePointId("18446744073709551615").Json(), "18446744073709551615");
  const std::string uuid = "\"5c56c793-69f3-4fbf-87e6-c4bf54c28c26\"";
  EXPECT_EQ(MakePointId("5c56c793-69f3-4fbf-87e6-c4bf54c28c26").Json(), uuid);
  EXPECT_EQ(MakePointId("5C56C79369F34FBF87E6C4BF54C28C26").Json(), uuid);
  EXPECT_EQ(MakePointId("urn:uuid:5c56c793-69f3-4fbf-87e6-c4bf54c28c26").Json(), uuid);
}

TEST(QdrantNamesTest, DerivesAUuidFromAnyOtherId) {
  EXPECT_EQ(MakePointId("chunk-1").Json(), "\"067e8193-192f-56ed-a887-8b307490ea24\"");
  for (const std::string other :
       {"", "007", "18446744073709551616", "-1", "5c56c793-69f3-4fbf-87e6-c4bf54c28c2g",
        "5c56c793+69f3-4fbf-87e6-c4bf54c28c26"}) {
    const PointId id = MakePointId(other);
    EXPECT_TRUE(id.derived) << other;
    EXPECT_EQ(id.uuid.size(), 36u);
    EXPECT_EQ(id.uuid[14], '5');
    EXPECT_EQ(id.uuid, MakePointId(other).uuid);
  }
  EXPECT_NE(MakePointId("a").uuid, MakePointId("b").uuid);
}

TEST(QdrantNamesTest, KeepsTheOriginalIdInThePayload) {
  EXPECT_EQ(WithOriginalId("{}", "a\"b"), R"({"original_id":"a\"b"})");
  EXPECT_EQ(WithOriginalId(" { } ", "x"), R"( { "original_id":"x"})");
  EXPECT_EQ(WithOriginalId(R"({"text":"}"} )", "x"), R"({"text":"}","original_id":"x"})");
}

}  // namespace
}  // namespace dsw::qdrant
