// SPDX-License-Identifier: Apache-2.0
#include "tests/doubles/double.h"

#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "host/http/curl_http_client.h"
#include "tests/support/matchers.h"
#include "tests/support/temp_dir.h"

namespace dsw::doubles {
namespace {

using Json = nlohmann::json;

class DoubleTest : public testing::Test {
 protected:
  Result<std::unique_ptr<dsw::HttpResponse>> Post(const Double& service, std::string_view text) {
    const std::string body = Json{{"input", {text}}, {"model", "m"}}.dump();
    const std::string url = service.Url() + "/embed";
    const std::vector<HttpHeader> headers = {{"Content-Type", "application/json"}};
    const std::string_view pieces[] = {body};
    HttpRequest request;
    request.method = "POST";
    request.url = url;
    request.headers = headers;
    request.body = pieces;
    return client_->Perform(request);
  }
  int Status(const Double& service, std::string_view text = "a") {
    const auto response = Post(service, text);
    return response ? (*response)->status : 0;
  }

  const std::unique_ptr<CurlHttpClient> client_ = *CurlHttpClient::Create({});
};

TEST_F(DoubleTest, FollowsItsScriptAndCounts) {
  Double service("embed");
  Rule third;
  third.first = 3;
  third.times = 2;
  third.reply = CannedReply("embed", "unavailable");
  service.Add(third);
  Rule marked;
  marked.contains = "MARK";
  marked.times = 0;
  marked.reply = CannedReply("embed", "server_error");
  service.Add(marked);

  EXPECT_EQ(Status(service), 200);
  EXPECT_EQ(Status(service, "b"), 200);
  EXPECT_EQ(Status(service), 503);
  EXPECT_EQ(Status(service), 503);
  EXPECT_EQ(Status(service), 200);
  EXPECT_EQ(Status(service, "a MARK"), 500);
  EXPECT_EQ(Status(service, "b MARK"), 500);

  const Counters counters = service.counters();
  EXPECT_EQ(counters.requests, 7u);
  EXPECT_EQ(counters.by_status.at(200), 3u);
  EXPECT_EQ(counters.items, 3u);
  EXPECT_EQ(counters.duplicates, 1u);
  EXPECT_EQ(counters.max_concurrency, 1u);
  EXPECT_EQ(service.entries().size(), 7u);
}

TEST_F(DoubleTest, BreaksOffWhereItIsTold) {
  Double service("embed");
  for (const Fault fault : {Fault::kReset, Fault::kResetMidBody, Fault::kCutBody}) {
    Rule rule;
    rule.fault = fault;
    service.Add(rule);
    EXPECT_EQ(Status(service), 0);
    EXPECT_EQ(Status(service), 200);
  }
}

TEST_F(DoubleTest, WritesWhatItSawForAValidator) {
  const TempDir directory;
  DoubleOptions where;
  where.capture = directory / "exchanges.ndjson";
  Double service("embed", {}, where);
  EXPECT_EQ(Status(service, "ü"), 200);
  const Json line = Json::parse(ReadFile(where.capture));
  EXPECT_EQ(line["api"], "embed");
  EXPECT_EQ(line["path"], "/embed");
  EXPECT_EQ(line["status"], 200);
  EXPECT_EQ(Json::parse(line["request"].get<std::string>())["input"][0], "ü");
  EXPECT_TRUE(Json::accept(line["response"].get<std::string>()));
}

TEST(MostInASecondTest, CountsEveryWindow) {
  const auto at = [](int ms) { return Time(std::chrono::milliseconds(ms)); };
  EXPECT_EQ(MostInASecond({}), 0u);
  EXPECT_EQ(MostInASecond({at(0), at(999), at(1000), at(1998)}), 3u);
  EXPECT_EQ(MostInASecond({at(0), at(1000), at(2000)}), 1u);
}

}  // namespace
}  // namespace dsw::doubles
