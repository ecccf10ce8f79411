// SPDX-License-Identifier: Apache-2.0
#include "plugins/sink_qdrant/errors.h"

#include <gmock/gmock.h>

namespace dsw::qdrant {
namespace {

using testing::HasSubstr;

constexpr std::string_view kNoWait =
    "Rate limiting exceeded: Write rate limit exceeded, request larger than rate limiter capacity, "
    "please try to split your request";

struct Row {
  int status;
  int grpc;
  std::string_view text;
  dsw_status category;
  std::uint32_t unit = DSW_LIMIT_NONE;
  std::int64_t limit = 0;
  std::int64_t asked = 0;
  std::int64_t retry_after_ms = -1;
};

class QdrantErrorsTest : public testing::TestWithParam<Row> {};

void ExpectRow(const Row& row, const dsw_error& error) {
  EXPECT_EQ(error.category, row.category) << row.text;
  EXPECT_EQ(error.limit_unit, row.unit) << row.text;
  EXPECT_EQ(error.limit, row.limit) << row.text;
  EXPECT_EQ(error.asked, row.asked) << row.text;
  EXPECT_EQ(error.retry_after_ms, row.retry_after_ms) << row.text;
  EXPECT_EQ(std::string_view(error.message), row.text);
}

TEST_P(QdrantErrorsTest, MeansTheSameOverBothInterfaces) {
  const Row& row = GetParam();
  const Failure rest = RestFailure(row.status, row.text, Failure(DSW_E_INTERNAL, ""));
  ExpectRow(row, rest.error());
  EXPECT_EQ(rest.error().http_status, row.status);
  if (row.grpc == 0) return;
  const Failure grpc = GrpcFailure(row.grpc, row.text, -1);
  ExpectRow(row, grpc.error());
  EXPECT_EQ(grpc.error().http_status, 0);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, QdrantErrorsTest,
    testing::Values(
        Row{400, 3, "Wrong input: Vector dimension error: expected dim: 4, got 3", DSW_E_CONFLICT},
        Row{400, 0, "JSON payload (33554500 bytes) is larger than allowed (limit: 33554432 bytes).",
            DSW_E_TOO_LARGE, DSW_LIMIT_BYTES, 33554432, 33554500},
        Row{400, 0,
            "Payload error: JSON payload (34 bytes) is larger than allowed (limit: 33 bytes).",
            DSW_E_TOO_LARGE, DSW_LIMIT_BYTES, 33, 34},
        Row{400, 11, "Error, message length too large: found 70 bytes, the limit is: 64 bytes",
            DSW_E_TOO_LARGE, DSW_LIMIT_BYTES, 64, 70},
        Row{400, 3, "Bad request: Limit exceeded 200 > 100 for \"upsert limit\". Help: Reduce",
            DSW_E_TOO_LARGE, DSW_LIMIT_ITEMS, 100, 200},
        Row{400, 3, "Bad request: Limit exceeded 200 > 100 for \"max_points_count\". Help: x",
            DSW_E_INVALID_REQUEST},
        Row{400, 3, "Bad request: Limit exceeded 9 > 4 for \"limit\". Help: Reduce",
            DSW_E_TOO_LARGE, DSW_LIMIT_ITEMS, 4, 9},
        Row{400, 3, "Bad request: Max points count limit of 1000 reached!. Help: x", DSW_E_QUOTA},
        Row{400, 3, "Bad request: Resident memory usage is at 91% of total memory", DSW_E_QUOTA},
        Row{400, 3, "Format error in JSON body: trailing comma", DSW_E_INVALID_REQUEST},
        Row{401, 16, "Invalid API key or JWT", DSW_E_AUTH},
        Row{403, 7, "Forbidden: Global manage access is required", DSW_E_AUTH},
        Row{404, 5, "Not found: Collection `x` doesn't exist!", DSW_E_NOT_FOUND},
        Row{405, 0, "Qdrant is running in standalone mode", DSW_E_INVALID_REQUEST},
        Row{408, 4, "Timeout: timed out after 5s", DSW_E_TIMEOUT},
        Row{409, 6, "Wrong input: Collection `x` already exists!", DSW_E_CONFLICT},
        Row{413, 0, "<html>413</html>", DSW_E_TOO_LARGE},
        Row{422, 3, "Validation error in JSON body: [vectors.size]", DSW_E_INVALID_REQUEST},
        Row{429, 8,
            "Rate limiting exceeded: Write rate limit exceeded: Operation requires 100 tokens but "
            "only 3.0 were available. Retry after 5s",
            DSW_E_RATE_LIMITED, DSW_LIMIT_NONE, 0, 0, 5000},
        Row{429, 8, kNoWait, DSW_E_TOO_LARGE},
        Row{500, 13, "Service internal error: something", DSW_E_UNAVAILABLE},
        Row{500, 13,
            "Service internal error: No space left on device: WAL buffer size exceeds available "
            "disk space",
            DSW_E_QUOTA},
        Row{502, 0, "bad gateway", DSW_E_UNAVAILABLE},
        Row{503, 14, "Shard temporarily unavailable: starting", DSW_E_UNAVAILABLE},
        Row{504, 0, "gateway timeout", DSW_E_TIMEOUT},
        Row{507, 8, "Insufficient storage: quota", DSW_E_QUOTA}));

TEST(QdrantErrorsTextTest, ReadsBothFormsOfARefusal) {
  EXPECT_EQ(RefusalText(R"({"status":{"error":"Not found: x"},"time":0.0})"), "Not found: x");
  EXPECT_EQ(RefusalText("Invalid API key or JWT"), "Invalid API key or JWT");
  EXPECT_EQ(RefusalText(R"({"status":"ok"})"), "ok");
  EXPECT_EQ(RefusalText(""), "");
  const std::string text = RefusalText(std::string(499, 'x') + "üü");
  EXPECT_EQ(text, std::string(499, 'x')) << "cut at a character";
}

TEST(QdrantErrorsTextTest, TakesRefusalsThatAreNoText) {
  EXPECT_EQ(RefusalText(R"({"status":{"error":7}})"), "");
  EXPECT_EQ(RefusalText(R"({"status":{"error":"\u0000a"}})"), "a");
  EXPECT_EQ(std::string_view(GrpcFailure(14, "%00", -1).what()),
            "Qdrant refused without saying why");
}

TEST(QdrantErrorsTextTest, KnowsQdrantsRefusalsFromThoseOfOthers) {
  EXPECT_TRUE(IsEnvelope(R"({"status":{"error":"Not found: x"},"time":0.0})"));
  EXPECT_FALSE(IsEnvelope("<html>404</html>"));
  EXPECT_FALSE(IsEnvelope(R"({"detail":"Not Found"})"));
  EXPECT_FALSE(IsEnvelope(R"({"status":"error"})"));
  EXPECT_FALSE(IsEnvelope(""));
}

TEST(QdrantErrorsTextTest, KnowsTheRefusalOfACondition) {
  EXPECT_TRUE(RefusesFence("Bad request: Index required but not found for \"_dsw.t\" of one of"));
  EXPECT_FALSE(RefusesFence("Bad request: Index required but not found for \"x\" of one of"));
  EXPECT_FALSE(RefusesFence("Wrong input: _dsw.t"));
}

TEST(QdrantErrorsTextTest, TakesTheHeadersWaitBeforeTheTexts) {
  const Failure base = Failure(DSW_E_RATE_LIMITED, "").RetryAfterMs(7000).RequestId("r-1");
  const Failure failure = RestFailure(429, "Retry after 5s", base);
  EXPECT_EQ(failure.error().retry_after_ms, 7000);
  EXPECT_STREQ(failure.error().request_id, "r-1");
  EXPECT_EQ(GrpcFailure(8, "Retry after 5s", 7000).error().retry_after_ms, 7000);
}

TEST(QdrantErrorsTextTest, DecodesTheMessagesOfGrpc) {
  const Failure failure = GrpcFailure(3, "a%20b%C3%BC 100%% %zz%4", -1);
  EXPECT_STREQ(failure.what(), "a bü 100%% %zz%4");
  EXPECT_STREQ(failure.error().code, "INVALID_ARGUMENT");
  EXPECT_EQ(GrpcFailure(12, "unknown method", -1).error().category, DSW_E_UNSUPPORTED);
  EXPECT_EQ(GrpcFailure(99, "", -1).error().category, DSW_E_UNAVAILABLE);
}

TEST(QdrantErrorsTextTest, TellsThatQdrantCannotBeReached) {
  const Failure refused(DSW_E_UNAVAILABLE, "cannot connect to http://q:6333: connection refused");
  EXPECT_STREQ(ConnectionFailure(refused, "http://q:6333", "QDRANT_URL").what(),
               "Failed to connect to Qdrant: connection refused (http://q:6333; check QDRANT_URL)");
  const Failure broken(DSW_E_UNAVAILABLE, "http://q:6333 closed the connection");
  EXPECT_STREQ(ConnectionFailure(broken, "http://q:6333", "QDRANT_URL").what(), broken.what());
  const Failure unsent(DSW_E_INVALID_REQUEST, "cannot use the CA certificates: no such file");
  EXPECT_EQ(ConnectionFailure(unsent, "http://q:6333", "QDRANT_URL").error().category,
            DSW_E_UNAVAILABLE)
      << "no fault of a job";
}

TEST(QdrantErrorsTextTest, KnowsACollectionThatIsThereAlready) {
  EXPECT_TRUE(SaysAlreadyExists(409, "Wrong input: Collection `x` already exists!"));
  EXPECT_TRUE(SaysAlreadyExists(400, "Wrong input: Collection `x` already exists!"));
  EXPECT_FALSE(SaysAlreadyExists(400,
                                 "Can't create collection with name x. Alias with the same "
                                 "name already exists"));
}

}  // namespace
}  // namespace dsw::qdrant
