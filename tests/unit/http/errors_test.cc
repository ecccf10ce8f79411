// SPDX-License-Identifier: Apache-2.0
#include "host/http/errors.h"

#include <cerrno>

#include <gmock/gmock.h>

namespace dsw {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kOrigin = "http://qdrant:6333";

Error Describe(CurlFailure failure) {
  failure.origin = kOrigin;
  return DescribeFailure(failure);
}

TEST(CurlErrorsTest, EachNamesTheOrigin) {
  for (int code = 1; code < CURL_LAST; ++code) {
    if (code == CURLE_SSL_CACERT_BADFILE) continue;
    EXPECT_THAT(Describe({.code = static_cast<CURLcode>(code)}).message, HasSubstr(kOrigin));
  }
}

TEST(CurlErrorsTest, ConnectGivesTheSystemsReason) {
  const Error error = Describe({.code = CURLE_COULDNT_CONNECT, .os_error = ECONNREFUSED});
  EXPECT_EQ(error.code, Code::kUnavailable);
  EXPECT_EQ(error.message, "cannot connect to http://qdrant:6333: connection refused");
}

TEST(CurlErrorsTest, ACertificateIsAMatterOfTrust) {
  const Error error =
      Describe({.code = CURLE_PEER_FAILED_VERIFICATION, .detail = "self-signed certificate"});
  EXPECT_EQ(error.code, Code::kUnauthenticated);
  EXPECT_THAT(error.message, HasSubstr("self-signed certificate"));
  EXPECT_THAT(error.message, HasSubstr("SSL_CERT_FILE"));
}

TEST(CurlErrorsTest, OnlyANewConnectionCastsDoubtOnThePort) {
  for (const CURLcode code : {CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR}) {
    EXPECT_THAT(Describe({.code = code}).message, HasSubstr("does this port speak HTTP?"));
    EXPECT_THAT(Describe({.code = code, .http2 = true}).message, HasSubstr("HTTP/2?"));
    EXPECT_THAT(Describe({.code = code, .reused = true}).message, Not(HasSubstr("port")));
    EXPECT_THAT(Describe({.code = code, .answered = true}).message, Not(HasSubstr("port")));
    EXPECT_EQ(Describe({.code = code}).code, Code::kUnavailable);
  }
}

TEST(CurlErrorsTest, ACutBodyIsABadResponseAndABrokenStreamIsNot) {
  EXPECT_EQ(Describe({.code = CURLE_PARTIAL_FILE, .answered = true}).code, Code::kBadResponse);
  EXPECT_EQ(Describe({.code = CURLE_PARTIAL_FILE, .http2 = true}).code, Code::kUnavailable);
  EXPECT_EQ(Describe({.code = CURLE_HTTP2_STREAM, .http2 = true}).code, Code::kUnavailable);
}

TEST(CurlErrorsTest, TimeoutsAreInTheSecondsThatWereAskedFor) {
  EXPECT_THAT(DescribeTimeout(kOrigin, milliseconds(59'998)).message,
              HasSubstr("timeout after 60s"));
  EXPECT_THAT(DescribeTimeout(kOrigin, milliseconds(300)).message, HasSubstr("after 0.3s"));
  EXPECT_EQ(DescribeTimeout(kOrigin, milliseconds(300)).code, Code::kTimeout);
}

TEST(CurlErrorsTest, OnlyADeadConnectionLooksStale) {
  EXPECT_TRUE(LooksStale(CURLE_GOT_NOTHING));
  EXPECT_TRUE(LooksStale(CURLE_HTTP2));
  for (const CURLcode code : {CURLE_COULDNT_CONNECT, CURLE_OPERATION_TIMEDOUT, CURLE_WRITE_ERROR,
                              CURLE_PEER_FAILED_VERIFICATION}) {
    EXPECT_FALSE(LooksStale(code));
  }
}

}  // namespace
}  // namespace dsw
