// SPDX-License-Identifier: Apache-2.0
//
// What a response that is not a success means.
#include "host/plugin/http_error.h"

#include <string>
#include <utility>

#include "host/base/secret.h"
#include "host/plugin/retry_after.h"
#include "tests/support/matchers.h"

namespace dsw {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Sun, 06 Nov 1994 08:49:37 GMT.
constexpr std::chrono::system_clock::time_point kNow{seconds(784111777)};

class FakeResponse final : public HttpResponse {
 public:
  FakeResponse(int code, std::string body, std::vector<HttpHeader> fields)
      : body_(std::move(body)) {
    status = code;
    headers = std::move(fields);
  }
  std::string_view body() const override { return body_; }

 private:
  std::string body_;
};

dsw_error Classify(int status, std::string body = {}, std::vector<HttpHeader> headers = {}) {
  return ClassifyHttp(FakeResponse(status, std::move(body), std::move(headers)), kNow);
}

TEST(HttpErrorTest, GoesByTheStatus) {
  const std::pair<int, dsw_status> cases[] = {
      {400, DSW_E_INVALID_REQUEST}, {401, DSW_E_AUTH},
      {402, DSW_E_QUOTA},           {403, DSW_E_AUTH},
      {404, DSW_E_NOT_FOUND},       {405, DSW_E_INVALID_REQUEST},
      {408, DSW_E_TIMEOUT},         {409, DSW_E_CONFLICT},
      {413, DSW_E_TOO_LARGE},       {422, DSW_E_INVALID_REQUEST},
      {429, DSW_E_RATE_LIMITED},    {498, DSW_E_AUTH},
      {499, DSW_E_UNAVAILABLE},     {500, DSW_E_UNAVAILABLE},
      {501, DSW_E_INVALID_REQUEST}, {502, DSW_E_UNAVAILABLE},
      {503, DSW_E_OVERLOADED},      {504, DSW_E_TIMEOUT},
      {507, DSW_E_QUOTA},           {520, DSW_E_UNAVAILABLE},
      {529, DSW_E_OVERLOADED},      {301, DSW_E_INVALID_REQUEST},
      {204, DSW_E_BAD_RESPONSE}};
  for (const auto& [status, category] : cases) {
    const dsw_error error = Classify(status);
    EXPECT_EQ(error.category, category) << status;
    EXPECT_EQ(error.http_status, status);
    EXPECT_NE(error.message[0], '\0') << status;
    EXPECT_EQ(error.retry_after_ms, -1);
  }
}

TEST(HttpErrorTest, FindsMessageAndCodeInTheUsualForms) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"error":{"message":"too much","type":"tokens","code":"limit"}})", "too much|limit"},
      {R"({"error":{"message":"too much","code":400,"type":"BadRequestError"}})",
       "too much|BadRequestError"},
      {R"({"error":"too much","error_type":"Validation"})", "too much|Validation"},
      {R"({"message":"too much"})", "too much|"},
      {R"({"detail":"too much","code":"RATE"})", "too much|RATE"},
      {R"({"detail":[{"msg":"too much"}]})", "too much|"},
      {R"({"status":{"error":"too much"},"time":0})", "too much|"},
      {"  too much\n", "too much|"},
  };
  for (const auto& [body, expected] : cases) {
    const dsw_error error = Classify(400, body);
    EXPECT_EQ(std::string(error.message) + "|" + error.code, expected) << body;
  }
}

TEST(HttpErrorTest, NamesAnHtmlPageByItsTitle) {
  EXPECT_STREQ(
      Classify(502, "<!DOCTYPE html><html><head><title> Bad gateway </title></head>").message,
      "an HTML page instead of an answer, titled \"Bad gateway\"");
  EXPECT_STREQ(Classify(502, "<HTML><body>").message, "an HTML page instead of an answer");
}

TEST(HttpErrorTest, SaysRateLimitInTheWordsThatPeopleSearchFor) {
  EXPECT_STREQ(Classify(429).message, "Rate limit exceeded: 429 Too Many Requests");
  EXPECT_STREQ(Classify(429, R"({"message":"slow"})").message,
               "Rate limit exceeded: 429 Too Many Requests: slow");
}

TEST(HttpErrorTest, ReadsTheWaitInItsThreeForms) {
  EXPECT_EQ(Classify(429, "", {{"retry-after", "7"}}).retry_after_ms, 7000);
  EXPECT_EQ(Classify(503, "", {{"retry-after", "Sun, 06 Nov 1994 08:50:07 GMT"}}).retry_after_ms,
            30'000);
  EXPECT_EQ(Classify(429, "", {{"retry-after", "7"}, {"retry-after-ms", "612.5"}}).retry_after_ms,
            613);
  EXPECT_EQ(Classify(429, "", {{"retry-after", "soon"}}).retry_after_ms, -1);
}

TEST(HttpErrorTest, TakesTheServersWordOnRetrying) {
  EXPECT_EQ(Classify(500).flags, 0u);
  EXPECT_EQ(Classify(500, "", {{"x-should-retry", "false"}}).flags, DSW_ERR_HAS_RETRYABLE);
  EXPECT_EQ(Classify(400, "", {{"x-should-retry", "true"}}).flags,
            DSW_ERR_HAS_RETRYABLE | DSW_ERR_RETRYABLE);
}

TEST(HttpErrorTest, KeepsTheRequestsId) {
  EXPECT_STREQ(Classify(500, "", {{"x-request-id", "req_1"}}).request_id, "req_1");
  EXPECT_STREQ(Classify(500, "", {{"x-debug-trace-id", "t1"}}).request_id, "t1");
}

TEST(HttpErrorTest, MasksKeysThatTheServiceRepeats) {
  EXPECT_STREQ(
      Classify(401, R"({"error":{"message":"Incorrect API key provided: sk-ab***yz. Find it."}})")
          .message,
      "Incorrect API key provided: *** Find it.");
  RememberSecret("a-key-without-a-prefix");
  EXPECT_STREQ(Classify(401, "key a-key-without-a-prefix is unknown").message,
               "key *** is unknown");
}

TEST(HttpErrorTest, SurvivesBodiesOfAnyKind) {
  for (const std::string& body :
       {std::string(1 << 20, 'x'), std::string("\xFF\xFE\x00{", 4), std::string("{\"error\":[1]}"),
        std::string("null"), std::string("[]"), std::string("\"text\"")}) {
    const dsw_error error = Classify(400, body);
    EXPECT_LT(std::string(error.message).size(), sizeof error.message);
  }
}

TEST(RetryAfterTest, IsSecondsOrADate) {
  EXPECT_EQ(ParseRetryAfter("0", kNow), milliseconds(0));
  EXPECT_EQ(ParseRetryAfter("1.5", kNow), milliseconds(1500));
  EXPECT_EQ(ParseRetryAfter("Sun, 06 Nov 1994 08:49:36 GMT", kNow), milliseconds(0));
  EXPECT_GT(ParseRetryAfter("Fri, 06 Nov 3988 08:49:37 GMT", kNow), std::chrono::hours(9'000'000));
  for (const char* bad : {"", "-1", "nan", "inf", "1s", "Sunday", "Sun, 06 Nov"}) {
    EXPECT_EQ(ParseRetryAfter(bad, kNow), std::nullopt) << bad;
  }
  EXPECT_EQ(ParseRetryAfterMs("0.2"), milliseconds(1));
}

}  // namespace
}  // namespace dsw
