// SPDX-License-Identifier: Apache-2.0
#include "host/http/request_parts.h"

#include <array>

#include <gmock/gmock.h>

#include "tests/support/matchers.h"

namespace dsw {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

Result<RequestParts> Check(std::string_view url, const std::vector<HttpHeader>& headers = {},
                           std::string_view method = "POST") {
  const std::array<std::string_view, 3> body = {"ab", "", "c"};
  HttpRequest request;
  request.method = method;
  request.url = url;
  request.headers = headers;
  request.body = body;
  return CheckRequest(request);
}

std::vector<std::string> Lines(const RequestParts& parts) {
  std::vector<std::string> lines;
  for (const curl_slist* line = parts.headers.get(); line != nullptr; line = line->next) {
    lines.emplace_back(line->data);
  }
  return lines;
}

TEST(RequestPartsTest, TheOriginHasNeitherPathNorQueryNorDefaultPort) {
  ASSERT_OK_AND_ASSIGN(const RequestParts tls, Check("https://api.example:443/v1?key=k"));
  EXPECT_EQ(tls.origin, "https://api.example");
  EXPECT_TRUE(tls.tls);
  ASSERT_OK_AND_ASSIGN(const RequestParts plain, Check("http://[::1]:6333/"));
  EXPECT_EQ(plain.origin, "http://[::1]:6333");
  EXPECT_FALSE(plain.tls);
}

TEST(RequestPartsTest, CountsTheBytesOfTheBody) {
  ASSERT_OK_AND_ASSIGN(const RequestParts parts, Check("http://host.example/"));
  EXPECT_EQ(parts.body_bytes, 3);
}

TEST(RequestPartsTest, SwitchesOffWhatLibcurlWouldAdd) {
  ASSERT_OK_AND_ASSIGN(const RequestParts none, Check("http://host.example/"));
  EXPECT_THAT(Lines(none), ElementsAre("Content-Type:", "Expect:"));
  ASSERT_OK_AND_ASSIGN(const RequestParts typed,
                       Check("http://host.example/", {{"content-type", "t"}, {"x", ""}}));
  EXPECT_THAT(Lines(typed), ElementsAre("content-type: t", "x;", "Expect:"));
}

TEST(RequestPartsTest, RefusesUrls) {
  for (const char* url :
       {"", "/v1", "host.example/v1", "ftp://host.example/", "file:///etc/passwd", "http://",
        "http://a b/", "http://host.example:port/", "http://host.example/\r\nX: y"}) {
    EXPECT_FAIL(Check(url), Code::kInvalid, "URL");
  }
  EXPECT_FAIL(Check(std::string_view("http://host.example/\0x", 22)), Code::kInvalid, "zero byte");
}

TEST(RequestPartsTest, RefusesCredentialsInUrlsWithoutRepeatingThem) {
  const auto parts = Check("https://user:hunter2@host.example/");
  EXPECT_FAIL(parts, Code::kInvalid, "password");
  EXPECT_THAT(parts.error().message, Not(HasSubstr("hunter2")));
}

TEST(RequestPartsTest, RefusesHeadersThatWouldChangeTheRequest) {
  const char* url = "http://host.example/";
  for (const char* name : {"Content-Length", "transfer-encoding", "HOST", "Connection", "Expect"}) {
    EXPECT_FAIL(Check(url, {{name, "x"}}), Code::kInvalid, name);
  }
  for (const char* name : {"", "a b", "a:b", "a\r\nb"}) {
    EXPECT_FAIL(Check(url, {{name, "x"}}), Code::kInvalid, "header");
  }
  for (const char* value : {"hunter2\r\nX: y", "hunter2\n"}) {
    const auto parts = Check(url, {{"api-key", value}});
    EXPECT_FAIL(parts, Code::kInvalid, "api-key");
    EXPECT_THAT(parts.error().message, Not(HasSubstr("hunter2")));
  }
}

TEST(RequestPartsTest, RefusesMethods) {
  for (const char* method : {"", "GET /", "G\r\nET"}) {
    EXPECT_FAIL(Check("http://host.example/", {}, method), Code::kInvalid, "method");
  }
}

}  // namespace
}  // namespace dsw
