// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_common/upstream_error.h"

#include <gtest/gtest.h>

namespace dsw {
namespace {

struct BodyCase {
  const char* body;
  const char* message;
  const char* type;
  const char* code;
  const char* param;
};

TEST(UpstreamErrorTest, ReadsEveryShapeOfError) {
  const BodyCase cases[] = {
      {R"({"error":{"message":"m","type":"t","param":"p","code":"c"}})", "m", "t", "c", "p"},
      {R"({"error":{"message":"m","type":"t","param":null,"code":null}})", "m", "t", "", ""},
      {R"({"error":{"message":"m","type":"BadRequestError","code":400}})", "m", "BadRequestError",
       "400", ""},
      {R"({"object":"error","message":"m","type":"t","param":null,"code":400})", "m", "t", "400",
       ""},
      {R"({"error":"m","code":"BAD_REQUEST"})", "m", "", "BAD_REQUEST", ""},
      {R"({"error":"m","error_type":"Validation"})", "m", "Validation", "", ""},
      {R"({"message":"m"})", "m", "", "", ""},
      {R"({"detail":"m","code":"RATE","request_id":"r"})", "m", "", "RATE", ""},
      {R"({"detail":"m","errors":[{"field":"f","message":"n","type":"t"}]})", "m: n", "", "", "f"},
      {R"({"detail":[{"loc":["body","input",3],"msg":"m","type":"t"}]})", "m", "", "",
       "body.input.3"},
      {R"("m")", "m", "", "", ""},
      {"plain", "plain", "", "", ""},
      {"<html>502</html>", "", "", "", ""},
      {"", "", "", "", ""},
      {"[1,2]", "[1,2]", "", "", ""},
      {R"({"error":{"message":{"a":1}},"errors":[],"detail":[]})", "", "", "", ""},
  };
  for (const BodyCase& each : cases) {
    const UpstreamError error = ParseUpstreamError(400, each.body);
    EXPECT_EQ(error.message, each.message) << each.body;
    EXPECT_EQ(error.type, each.type) << each.body;
    EXPECT_EQ(error.code, each.code) << each.body;
    EXPECT_EQ(error.param, each.param) << each.body;
  }
}

TEST(UpstreamErrorTest, HasTheHeaders) {
  const dsw_kv headers[] = {{DSW_STR("retry-after"), DSW_STR("5")}};
  const UpstreamError error = ParseUpstreamError(429, "", headers, 1);
  EXPECT_EQ(error.Header("retry-after"), "5");
  EXPECT_EQ(error.Header("x"), "");
}

TEST(UpstreamErrorTest, RecategorisingDropsWhatBelongedToTheOldCategory) {
  Failure failure(DSW_E_RATE_LIMITED, "m");
  failure.Retryable(true).RetryAfterMs(5).Limit(DSW_LIMIT_ITEMS, 1, 2).HttpStatus(429);
  Recategorise(failure, DSW_E_QUOTA);
  EXPECT_EQ(failure.error().category, DSW_E_QUOTA);
  EXPECT_EQ(failure.error().flags, 0u);
  EXPECT_EQ(failure.error().retry_after_ms, -1);
  EXPECT_EQ(failure.error().limit_unit, DSW_LIMIT_NONE);
  EXPECT_EQ(failure.error().http_status, 429);
  EXPECT_STREQ(failure.what(), "m");
}

TEST(UpstreamErrorTest, AHintFindsItsRoom) {
  Failure failure(DSW_E_AUTH, std::string(600, 'a') + std::string(300, '\xc3') + "\xa4");
  AppendHint(failure, "do this");
  const std::string message = failure.what();
  EXPECT_EQ(message.substr(message.size() - 9), "; do this");
  Failure filled(DSW_E_AUTH, std::string(1023, 'a'));
  AppendHint(filled, "do this");
  const std::string cut = filled.what();
  EXPECT_EQ(cut.substr(cut.size() - 9), "; do this");
}

TEST(UpstreamErrorTest, TheWaitOfTheHeadersWins) {
  const UpstreamError error = ParseUpstreamError(429, R"({"message":"try again in 3s"})");
  Failure failure(DSW_E_RATE_LIMITED, "m");
  RefineRetryAfter(error, failure);
  EXPECT_EQ(failure.error().retry_after_ms, 3000);
  failure.RetryAfterMs(1000);
  RefineRetryAfter(error, failure);
  EXPECT_EQ(failure.error().retry_after_ms, 1000);
}

}  // namespace
}  // namespace dsw
