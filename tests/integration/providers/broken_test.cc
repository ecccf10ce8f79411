// SPDX-License-Identifier: Apache-2.0
//
// What goes wrong on the way, and what servers and proxies say that are not well.
#include "tests/integration/providers/provider_fixture.h"

namespace dsw {
namespace {

using doubles::Fault;
using doubles::Reply;
using doubles::Rule;
using std::chrono::milliseconds;

class EachBrokenProviderTest : public EachProviderTest {
 protected:
  void Break(Fault fault) {
    Rule rule;
    rule.fault = fault;
    // A request that met a connection which the server had closed is sent again.
    rule.times = 0;
    service().Add(rule);
  }
  void Answer(int status, doubles::Headers headers, std::string body = {}) {
    Rule rule;
    rule.times = 0;
    rule.reply.emplace();
    rule.reply->status = status;
    rule.reply->headers = std::move(headers);
    rule.reply->body = std::move(body);
    service().Add(rule);
  }
};

TEST_P(EachBrokenProviderTest, IsUnavailableWhenTheConnectionIsReset) {
  Start();
  Break(Fault::kReset);
  EXPECT_FAIL(EmbedTwo(), Code::kUnavailable);
}

TEST_P(EachBrokenProviderTest, NeverTakesHalfAnAnswer) {
  for (const Fault fault : {Fault::kCutBody, Fault::kResetMidBody}) {
    Start();
    Break(fault);
    const Result<Vectors> vectors = EmbedTwo();
    ASSERT_FALSE(vectors.has_value());
    EXPECT_TRUE(vectors.error().code == Code::kUnavailable ||
                vectors.error().code == Code::kBadResponse)
        << vectors.error().message;
  }
}

TEST_P(EachBrokenProviderTest, IsUnavailableBehindAProxyThatAnswersInHtml) {
  Start();
  Answer(502, {{"content-type", "text/html"}},
         "<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>");
  const Result<Vectors> vectors = EmbedTwo();
  EXPECT_FAIL(vectors, Code::kUnavailable, "502");
  EXPECT_EQ(vectors.error().message.find("<body"), std::string::npos);
}

TEST_P(EachBrokenProviderTest, DoesNotTakeAPageForAnAnswer) {
  Start();
  Answer(200, {{"content-type", "text/html"}}, "<html><title>Please sign in</title></html>");
  EXPECT_FAIL(EmbedTwo(), Code::kBadResponse);
}

TEST_P(EachBrokenProviderTest, DoesNotTakeNothingForAnAnswer) {
  Start();
  Answer(200, {{"content-type", "application/json"}});
  EXPECT_FAIL(EmbedTwo(), Code::kBadResponse);
}

TEST_P(EachBrokenProviderTest, FollowsNoRedirect) {
  Start();
  Answer(307, {{"location", service().Origin() + "/elsewhere"}});
  EXPECT_FAIL(EmbedTwo(), Code::kInvalid, "redirect");
  for (const doubles::Entry& entry : service().entries()) EXPECT_NE(entry.path, "/elsewhere");
}

TEST_P(EachBrokenProviderTest, SplitsWhatAnyServerFindsTooLarge) {
  Start();
  Rule rule;
  rule.early = true;
  rule.times = 0;
  rule.reply.emplace();
  rule.reply->status = 413;
  service().Add(rule);
  // More than the buffers of a socket, so that the answer comes while the body goes out.
  EXPECT_FAIL(Embed({std::string(1'500'000, 'x'), "b"}), Code::kTooLarge);
}

TEST_P(EachBrokenProviderTest, WaitsAsLongAsTheServerAsksInWhateverForm) {
  const struct {
    doubles::Headers headers;
    milliseconds at_least;
    milliseconds at_most;
  } cases[] = {
      {{{"retry-after", "7"}}, milliseconds(7000), milliseconds(7000)},
      {{{"retry-after-ms", "1250"}, {"retry-after", "7"}}, milliseconds(1250), milliseconds(1250)},
      {{{"retry-after", "Fri, 31 Dec 2100 23:59:59 GMT"}},
       std::chrono::hours(1),
       std::chrono::hours(24)},
      {{{"retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"}}, milliseconds(0), milliseconds(0)},
  };
  for (const int status : {429, 503}) {
    for (const auto& c : cases) {
      Start();
      Answer(status, c.headers, "{}");
      const Result<Vectors> vectors = EmbedTwo();
      ASSERT_FALSE(vectors.has_value());
      const Error& error = vectors.error();
      EXPECT_TRUE(error.code == (status == 429 ? Code::kRateLimited : Code::kOverloaded) ||
                  error.code == Code::kOverloaded)
          << error.message;
      ASSERT_TRUE(error.retry_after.has_value()) << c.headers[0].second;
      EXPECT_GE(*error.retry_after, c.at_least);
      EXPECT_LE(*error.retry_after, c.at_most);
    }
  }
}

TEST_P(EachBrokenProviderTest, KeepsTheKeyOutOfWhatItSays) {
  Start();
  Answer(401, {{"content-type", "application/json"}},
         R"({"error":{"message":"Incorrect API key provided: )" + std::string(kKey) +
             R"(","code":"invalid_api_key"},"detail":")" + kKey + R"(","message":")" + kKey +
             "\"}");
  const Result<Vectors> vectors = EmbedTwo();
  EXPECT_FAIL(vectors, Code::kUnauthenticated);
  EXPECT_EQ(vectors.error().message.find("0123456789abcdef"), std::string::npos);
}

TEST_P(EachBrokenProviderTest, SendsTheKeyToTheServiceAndNowhereElse) {
  Start();
  ASSERT_OK(EmbedTwo());
  for (const doubles::Entry& entry : service().entries()) {
    EXPECT_EQ(doubles::HeaderOf(entry.headers, "authorization"), "Bearer " + std::string(kKey));
  }
}

INSTANTIATE_TEST_SUITE_P(All, EachBrokenProviderTest, testing::ValuesIn(AllPairings()),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace dsw
