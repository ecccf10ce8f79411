// SPDX-License-Identifier: Apache-2.0
#include "host/domain/point.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace dsw {
namespace {

using Json = nlohmann::json;

std::string PayloadJson(const Chunk& chunk, PayloadStyle style, bool truncated) {
  return PayloadWriter(style, {.embedded_dataset_id = 7, .maker = "1a2b3c4d", .token = 12})
      .Write(chunk, truncated);
}

Chunk Example() {
  return {.item = std::make_shared<const Item>(
              Item{.item_id = 11,
                   .title = "Annual Report",
                   .metadata_json = R"({"source_file":"report.pdf","author":"John Doe","year":2025,
                                        "big":9007199254740993,"none":null})",
                   .content_hash = {},
                   .chunk_count = 3}),
          .index = 2,
          .text = "text with \"quotes\" and \xF0\x9F\x98\x80",
          .metadata_json = R"({"page":4,"year":2024})"};
}

TEST(PointTest, IdsAreNameBasedUuidsOfTheChunksPlace) {
  // uuid.uuid5(uuid.NAMESPACE_DNS, "ed-7-item-11-chunk-2") in Python.
  EXPECT_EQ(PointId(7, {11, 2}), "c25e0e22-6a36-5493-95a0-aca40119acab");
  EXPECT_NE(PointId(7, {11, 2}), PointId(7, {11, 3}));
}

TEST(PointTest, TheSpecsPayloadLiftsSourceAndAuthorAndKeepsTheRest) {
  const Json payload = Json::parse(PayloadJson(Example(), PayloadStyle::kSpec, false));
  EXPECT_EQ(payload["dataset_item_id"], 11);
  EXPECT_EQ(payload["chunk_index"], 2);
  EXPECT_EQ(payload["text"], Example().text);
  EXPECT_EQ(payload["source_file"], "report.pdf");
  EXPECT_EQ(payload["author"], "John Doe");
  EXPECT_EQ(payload["title"], "Annual Report");
  EXPECT_EQ(payload["custom_metadata"],
            Json::parse(R"({"year":2024,"page":4,"big":9007199254740993,"none":null})"));
  EXPECT_EQ(payload.size(), 8U) << "and the stamp";
}

TEST(PointTest, TheOriginalsPayloadKeepsMetadataApart) {
  const Json payload = Json::parse(PayloadJson(Example(), PayloadStyle::kOriginal, false));
  EXPECT_EQ(payload["item_id"], 11);
  EXPECT_EQ(payload["item_title"], "Annual Report");
  EXPECT_EQ(payload["chunk_metadata"]["page"], 4);
  EXPECT_EQ(payload["item_metadata"]["author"], "John Doe");
  EXPECT_FALSE(payload.contains("dataset_item_id"));
}

TEST(PointTest, BothStylesTogetherAreTheUnion) {
  const Json payload = Json::parse(PayloadJson(Example(), PayloadStyle::kBoth, true));
  EXPECT_EQ(payload["item_id"], 11);
  EXPECT_EQ(payload["dataset_item_id"], 11);
  EXPECT_EQ(payload["item_metadata"]["source_file"], "report.pdf");
  EXPECT_EQ(payload["truncated"], true);
}

TEST(PointTest, MembersStandInTheOrderInWhichTheyAreDocumented) {
  EXPECT_EQ(
      PayloadJson(Example(), PayloadStyle::kBoth, true),
      R"({"item_id":11,"item_title":"Annual Report","item_metadata":{"source_file":"report.pdf",)"
      R"("author":"John Doe","year":2025,"big":9007199254740993,"none":null},)"
      R"("chunk_metadata":{"page":4,"year":2024},"dataset_item_id":11,"chunk_index":2,)"
      "\"text\":\"text with \\\"quotes\\\" and \xF0\x9F\x98\x80\","
      R"("source_file":"report.pdf","author":"John Doe","title":"Annual Report",)"
      R"("custom_metadata":{"year":2024,"big":9007199254740993,"none":null,"page":4},)"
      R"("truncated":true,)"
      R"("_dsw":{"ed":7,"h":"8bfb42b76eaa2799","m":"1a2b3c4d","t":12}})");
}

TEST(PointTest, EveryStyleTellsWhatThePointWasMadeFrom) {
  for (const PayloadStyle style :
       {PayloadStyle::kSpec, PayloadStyle::kOriginal, PayloadStyle::kBoth}) {
    const Json stamp = Json::parse(PayloadJson(Example(), style, false))[kStampKey];
    EXPECT_EQ(stamp,
              (Json{{"ed", 7}, {"h", ChunkHash(Example().text)}, {"m", "1a2b3c4d"}, {"t", 12}}));
  }
}

TEST(PointTest, TheHashIsTheBeginningOfTheMd5) {
  EXPECT_EQ(ChunkHash("abc"), "900150983cd24fb0");
  EXPECT_EQ(ChunkHash(""), "d41d8cd98f00b204");
}

TEST(PointTest, OneWriterKeepsItemsApart) {
  PayloadWriter writer(PayloadStyle::kBoth,
                       {.embedded_dataset_id = 7, .maker = "1a2b3c4d", .token = 12});
  Chunk other = Example();
  other.item = std::make_shared<const Item>(Item{.item_id = 12,
                                                 .title = "line\nbreak \\ \x01\x7F \xFF",
                                                 .metadata_json = R"({"year":1999})",
                                                 .content_hash = {},
                                                 .chunk_count = 1});
  for (const Chunk& chunk : {Example(), Example(), other, Example()}) {
    EXPECT_EQ(writer.Write(chunk, false), PayloadJson(chunk, PayloadStyle::kBoth, false));
  }
  EXPECT_EQ(Json::parse(writer.Write(other, false))["title"],
            "line\nbreak \\ \x01\x7F \xEF\xBF\xBD");
}

TEST(PointTest, MetadataThatIsNoObjectCountsAsEmpty) {
  Chunk chunk = Example();
  chunk.metadata_json = "[1,2]";
  chunk.item = std::make_shared<const Item>(
      Item{.item_id = 1, .title = "t", .metadata_json = "", .content_hash = {}, .chunk_count = 1});
  const Json payload = Json::parse(PayloadJson(chunk, PayloadStyle::kSpec, false));
  EXPECT_EQ(payload["custom_metadata"], Json::object());
  EXPECT_TRUE(payload["author"].is_null());
}

}  // namespace
}  // namespace dsw
