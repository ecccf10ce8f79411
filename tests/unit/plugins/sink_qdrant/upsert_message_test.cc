// SPDX-License-Identifier: Apache-2.0
#include "plugins/sink_qdrant/upsert_message.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>

#include "points.pb.h"
#include "tests/doubles/qdrant/grpc_service.h"
#include "tests/unit/plugins/sink_qdrant/made_points.h"

namespace dsw::qdrant {
namespace {

using Json = nlohmann::json;

/// Decodes with the generated classes.
::qdrant::UpsertPoints Decoded(const UpsertMessage& message) {
  ::qdrant::UpsertPoints points;
  EXPECT_TRUE(points.ParseFromString(std::string(Unframe(Joined(message.pieces())))));
  return points;
}

Json PayloadOf(const ::qdrant::PointStruct& point) {
  Json payload = Json::object();
  for (const auto& [key, value] : point.payload()) payload[key] = doubles::JsonOf(value);
  return payload;
}

/// The payload after its way through a message.
Json RoundTrip(const std::string& payload) {
  const MadePoints made({"1"}, {{0.5F}}, {payload});
  UpsertMessage message;
  EXPECT_TRUE(message.Encode("c", made.range(), true, 1)) << payload;
  return PayloadOf(Decoded(message).points(0));
}

bool Possible(const std::string& payload) {
  const MadePoints made({"1"}, {{0.5F}}, {payload});
  return UpsertMessage().Encode("c", made.range(), true, 1);
}

TEST(QdrantUpsertMessageTest, IsByteForByteWhatTheFormatSays) {
  const MadePoints made({"7"}, {{1.0F, -2.0F}}, {R"({"n":3})"});
  UpsertMessage message;
  ASSERT_TRUE(message.Encode("docs", made.range(), true, 30));
  const char expected[] =
      "\x00\x00\x00\x00\x2a"  // Not compressed, 42 bytes.
      "\x0a\x04"
      "docs"              // collection_name
      "\x10\x01"          // wait
      "\x38\x1e"          // timeout
      "\x1a\x1e"          // points, 30 bytes
      "\x0a\x02\x08\x07"  // id.num
      "\x1a\x07\x0a\x01"
      "n"
      "\x12\x02\x18\x03"                      // payload: n = integer_value 3
      "\x22\x0f\x0a\x0d\xaa\x06\x0a\x0a\x08"  // vectors.vector.dense.data
      "\x00\x00\x80\x3f\x00\x00\x00\xc0";
  const std::string text = Joined(message.pieces());
  EXPECT_EQ(text, std::string(expected, sizeof expected - 1));
}

TEST(QdrantUpsertMessageTest, IsReadByTheGeneratedClasses) {
  const MadePoints made(
      {"5c56c793-69f3-4fbf-87e6-c4bf54c28c26", "42"},
      {{0.1F, std::numeric_limits<float>::denorm_min(), -0.0F}, {1e38F, -3.25F, 7.0F}},
      {"{}", R"({"text":"ü"})"});
  UpsertMessage message;
  ASSERT_TRUE(message.Encode("a collection", made.range(), true, 60));
  const ::qdrant::UpsertPoints points = Decoded(message);
  EXPECT_EQ(points.collection_name(), "a collection");
  EXPECT_TRUE(points.wait());
  EXPECT_EQ(points.timeout(), 60u);
  ASSERT_EQ(points.points_size(), 2);
  EXPECT_EQ(points.points(0).id().uuid(), "5c56c793-69f3-4fbf-87e6-c4bf54c28c26");
  EXPECT_EQ(points.points(1).id().num(), 42u);
  const auto& row = points.points(0).vectors().vector().dense().data();
  EXPECT_THAT(row, testing::ElementsAre(0.1F, std::numeric_limits<float>::denorm_min(), -0.0F));
  EXPECT_TRUE(std::signbit(row[2]));
  EXPECT_EQ(PayloadOf(points.points(1)).dump(), R"({"text":"ü"})");
  EXPECT_EQ(points.GetReflection()->GetUnknownFields(points).field_count(), 0);
}

TEST(QdrantUpsertMessageTest, CarriesTheFence) {
  const MadePoints made({"1"}, {{1}}, {"{}"});
  PointRange range = made.range();
  range.fence = 9'007'199'254'740'992;
  UpsertMessage message;
  ASSERT_TRUE(message.Encode("c", range, false, 1));
  const ::qdrant::UpsertPoints points = Decoded(message);
  EXPECT_FALSE(points.wait());
  ASSERT_EQ(points.update_filter().must_not_size(), 1);
  EXPECT_EQ(points.update_filter().must_size(), 0);
  const ::qdrant::FieldCondition& condition = points.update_filter().must_not(0).field();
  EXPECT_EQ(condition.key(), "_dsw.t");
  EXPECT_EQ(condition.range().gt(), 9007199254740992.0);
  EXPECT_FALSE(condition.range().has_gte());
  EXPECT_EQ(points.points_size(), 1);
  EXPECT_EQ(points.GetReflection()->GetUnknownFields(points).field_count(), 0);
  range.fence = 0;
  ASSERT_TRUE(message.Encode("c", range, true, 1));
  EXPECT_FALSE(Decoded(message).has_update_filter());
}

TEST(QdrantUpsertMessageTest, LendsTheFloatsInPlace) {
  const MadePoints made({"1", "2"}, {{1, 2, 3}, {4, 5, 6}}, {"{}", "{}"});
  UpsertMessage message;
  ASSERT_TRUE(message.Encode("c", made.range(), true, 1));
  ASSERT_EQ(message.pieces().size(), 4u);
  for (std::size_t i = 0; i < 2; ++i) {
    const dsw_str& piece = message.pieces()[2 * i + 1];
    EXPECT_EQ(static_cast<const void*>(piece.ptr), made.range().Row(i));
    EXPECT_EQ(piece.len, 3 * sizeof(float));
  }
}

TEST(QdrantUpsertMessageTest, CanBeUsedAgain) {
  const MadePoints made({"1", "2", "3"}, {{1}, {2}, {3}}, {R"({"a":1})", R"({"a":2})", "{}"});
  UpsertMessage message;
  ASSERT_TRUE(message.Encode("c", made.range(), true, 1));
  const PointRange last = made.range().After({nullptr, nullptr, 0, 2});
  ASSERT_TRUE(message.Encode("c", last, true, 1));
  const ::qdrant::UpsertPoints points = Decoded(message);
  ASSERT_EQ(points.points_size(), 1);
  EXPECT_EQ(points.points(0).id().num(), 3u);
}

TEST(QdrantUpsertMessageTest, KeepsPayloadsAsTheyAre) {
  for (const std::string payload :
       {R"({})", R"({"":""})", R"({"null":null,"no":false,"yes":true,"zero":0,"none":0.0})",
        R"({"big":9223372036854775807,"small":-9223372036854775808,"minus":-1})",
        R"({"tenth":0.1,"large":1e+300,"one":1.0})",
        R"({"unicode":"日本語 🙂 \u0000 \" \\ \n"})",
        R"({"list":[1,"two",null,[],{},[3.5,{"deep":[false]}]],"object":{"a":{"b":{"c":[]}}}})"}) {
    EXPECT_EQ(RoundTrip(payload).dump(), Json::parse(payload).dump());
  }
}

TEST(QdrantUpsertMessageTest, CountsLengthsOfAnySize) {
  for (const std::size_t size :
       {1u, 119u, 120u, 125u, 126u, 127u, 128u, 16380u, 16384u, 2100000u}) {
    const std::string text(size, 'x');
    EXPECT_EQ(RoundTrip(R"({"a":[{"text":")" + text + R"("}]})")["a"][0]["text"], text);
  }
}

TEST(QdrantUpsertMessageTest, SaysWhenGrpcCannotCarryAPayload) {
  EXPECT_FALSE(Possible(R"({"n":9223372036854775808})")) << "beyond int64";
  EXPECT_FALSE(Possible(R"({"n":[18446744073709551616]})")) << "beyond uint64";
  EXPECT_FALSE(Possible("[]"));
  EXPECT_FALSE(Possible("{"));
  EXPECT_FALSE(Possible(""));
  const auto nested = [](int levels) {
    return R"({"a":)" + std::string(static_cast<std::size_t>(levels), '[') +
           std::string(static_cast<std::size_t>(levels), ']') + "}";
  };
  EXPECT_TRUE(Possible(nested(20)));
  EXPECT_FALSE(Possible(nested(60)));
}

TEST(QdrantUpsertMessageTest, KeepsTheIdsThatItCannotUse) {
  const MadePoints made({"chunk-1"}, {{1}}, {R"({"a":1})"});
  UpsertMessage message;
  ASSERT_TRUE(message.Encode("c", made.range(), true, 1));
  const ::qdrant::UpsertPoints points = Decoded(message);
  EXPECT_EQ(points.points(0).id().uuid(), MakePointId("chunk-1").uuid);
  EXPECT_EQ(PayloadOf(points.points(0)).dump(), R"({"a":1,"original_id":"chunk-1"})");
}

std::string Framed(const std::string& message) {
  return std::string("\0\0\0\0", 4) + static_cast<char>(message.size()) + message;
}

TEST(QdrantUpsertReplyTest, ReadsTheStatus) {
  ::qdrant::PointsOperationResponse response;
  response.set_time(0.5);
  response.mutable_result()->set_operation_id(1ull << 60);
  response.mutable_result()->set_status(::qdrant::Completed);
  EXPECT_EQ(ReadUpsertReply(Framed(response.SerializeAsString())), UpdateStatus::kCompleted);
  response.mutable_result()->set_status(::qdrant::WaitTimeout);
  EXPECT_EQ(ReadUpsertReply(Framed(response.SerializeAsString())), UpdateStatus::kWaitTimeout);
  response.mutable_result()->set_status(::qdrant::Acknowledged);
  EXPECT_EQ(ReadUpsertReply(Framed(response.SerializeAsString())), UpdateStatus::kAcknowledged);
}

TEST(QdrantUpsertReplyTest, RefusesWhatIsNoAnswer) {
  ::qdrant::PointsOperationResponse response;
  response.mutable_result()->set_status(::qdrant::ClockRejected);
  const std::string whole = Framed(response.SerializeAsString());
  std::vector<std::string> bad = {whole,
                                  "",
                                  "x",
                                  Framed(""),
                                  Framed("\x0a\x05\x10"),
                                  Framed("\x0f"),
                                  Framed("\x08\xff"),
                                  whole + "x",
                                  "\x01" + Framed("").substr(1)};
  for (const std::string& body : bad) {
    try {
      ReadUpsertReply(body);
      ADD_FAILURE() << testing::PrintToString(body);
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.error().category, DSW_E_BAD_RESPONSE);
    }
  }
}

}  // namespace
}  // namespace dsw::qdrant
