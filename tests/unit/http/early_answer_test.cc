// SPDX-License-Identifier: Apache-2.0
#include "host/http/early_answer.h"

#include <gtest/gtest.h>

namespace dsw {
namespace {

TEST(EarlyAnswerTest, ReadsStatusHeadersAndBody) {
  const auto answer = ParseEarlyAnswer(
      "HTTP/1.1 413 Payload Too Large\r\nContent-Length: 13\r\nRetry-After:5\r\n\r\nat most 32 MB");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 413);
  EXPECT_EQ(answer->body, "at most 32 MB");
  ASSERT_EQ(answer->headers.size(), 2u);
  EXPECT_EQ(answer->headers[1].name, "retry-after");
  EXPECT_EQ(answer->headers[1].value, "5");
}

TEST(EarlyAnswerTest, LeavesAnEncodedBodyOut) {
  for (const char* encoding : {"Transfer-Encoding: chunked", "Content-Encoding: gzip"}) {
    const auto answer =
        ParseEarlyAnswer("HTTP/1.1 413 X\r\n" + std::string(encoding) + "\r\n\r\n7\r\nat most");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 413);
    EXPECT_EQ(answer->body, "");
  }
}

TEST(EarlyAnswerTest, TakesNothingElseForAnAnswer) {
  for (const char* bytes :
       {"", "HTTP/1.1 413 X\r\n", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 x\r\n\r\n", "HTTP/2 413 X\r\n\r\n", "\x15\x03\x03\r\n\r\n"}) {
    EXPECT_FALSE(ParseEarlyAnswer(bytes)) << bytes;
  }
}

}  // namespace
}  // namespace dsw
