// SPDX-License-Identifier: Apache-2.0
//
// What a plugin's HTTP request may do.
#include "host/plugin/http_service.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "host/plugin/call_guard.h"
#include "host/plugin/errors.h"
#include "host/plugin/host_services.h"
#include "host/plugin/text.h"
#include "host/ports/http_client.h"
#include "tests/support/matchers.h"

namespace dsw {
namespace {

class CannedResponse final : public HttpResponse {
 public:
  std::string_view body() const override { return "the body"; }
};

class FakeClient final : public HttpClient {
 public:
  Result<std::unique_ptr<HttpResponse>> Perform(const HttpRequest& request) override {
    urls.emplace_back(request.url);
    headers.assign(request.headers.begin(), request.headers.end());
    for (const std::string_view piece : request.body) body += piece;
    http2 = request.http2;
    deadline = request.deadline;
    own_address = request.own_address;
    if (failure) return Fail(*failure);
    auto response = std::make_unique<CannedResponse>();
    response->status = status;
    response->headers = {{"content-type", "text/plain"}};
    response->trailers = {{"grpc-status", "0"}};
    return std::unique_ptr<HttpResponse>(std::move(response));
  }

  int status = 200;
  std::optional<Error> failure;
  std::vector<std::string> urls;
  std::vector<HttpHeader> headers;
  std::string body;
  bool http2 = false;
  bool own_address = false;
  std::chrono::steady_clock::time_point deadline;
};

class HttpServiceTest : public testing::Test {
 protected:
  using Body = std::function<dsw_status(const dsw_call*, dsw_error*)>;

  HttpServiceTest() {
    scope_.http = &client_;
    scope_.origins = {"https://api.example:443"};
    scope_.secrets.emplace("api_key", Secret("sk-the-real-one"));
  }

  /// Runs `body` as plugin code is run.
  Status InCall(const Body& body) {
    CallGuard guard("fake", 0, &scope_);
    return guard.Call("embed", context_, body);
  }

  Status Post(std::string_view url, std::string_view authorization = "Bearer {{secret:api_key}}",
              std::uint32_t flags = 0) {
    return InCall([&](const dsw_call* call, dsw_error* error) {
      const dsw_kv header{StrOf("authorization"), StrOf(authorization)};
      const dsw_str pieces[] = {StrOf("one "), StrOf("two")};
      dsw_http_request request{};
      request.struct_size = sizeof request;
      request.flags = flags;
      request.method = StrOf("POST");
      request.url = StrOf(url);
      request.headers = &header;
      request.header_count = 1;
      request.body = pieces;
      request.body_count = 2;
      const dsw_http_response* response = nullptr;
      const dsw_status status = http_.perform(host_, call, &request, &response, error);
      if (status != DSW_OK) return status;
      const dsw_status seen = look ? look(*response, error) : dsw_status{DSW_OK};
      http_.release(host_, response);
      return seen;
    });
  }

  std::function<dsw_status(const dsw_http_response&, dsw_error*)> look;  ///< At the response.
  const dsw_host* const host_ = HostServicesFor("fake.so");
  const dsw_host_http& http_ = *HttpService();
  FakeClient client_;
  InstanceScope scope_;
  CallContext context_;
};

TEST_F(HttpServiceTest, IsFoundByItsId) {
  EXPECT_EQ(host_->get_extension(host_, "dsw.http/1", 10), &http_);
  EXPECT_EQ(host_->get_extension(host_, "dsw.http/2", 10), nullptr);
}

TEST_F(HttpServiceTest, SendsWhatThePluginWroteWithTheSecretInIt) {
  context_.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  ASSERT_OK(Post("https://api.example/v1"));
  EXPECT_EQ(client_.urls, std::vector<std::string>{"https://api.example/v1"});
  EXPECT_EQ(client_.body, "one two");
  EXPECT_FALSE(client_.http2);
  ASSERT_EQ(client_.headers.size(), 2u);
  EXPECT_EQ(client_.headers[0].value, "Bearer sk-the-real-one");
  EXPECT_EQ(client_.headers[1].name, "traceparent");
  EXPECT_EQ(client_.headers[1].value, context_.traceparent);
}

TEST_F(HttpServiceTest, PassesTheCallsDeadlineOn) {
  context_.deadline = std::chrono::steady_clock::now() + std::chrono::hours(1);
  ASSERT_OK(Post("https://api.example/v1", "", DSW_HTTP_2));
  EXPECT_EQ(client_.deadline, context_.deadline);
  EXPECT_TRUE(client_.http2);
}

TEST_F(HttpServiceTest, ShowsTheResponse) {
  look = [](const dsw_http_response& response, dsw_error*) -> dsw_status {
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(ViewOf(response.body), "the body");
    EXPECT_EQ(response.header_count, 1u);
    EXPECT_EQ(ViewOf(response.headers[0].value), "text/plain");
    EXPECT_EQ(response.trailer_count, 1u);
    EXPECT_EQ(ViewOf(response.trailers[0].key), "grpc-status");
    return DSW_OK;
  };
  EXPECT_OK(Post("https://api.example/v1"));
}

TEST_F(HttpServiceTest, GoesNowhereElse) {
  for (const char* url :
       {"https://evil.example/", "http://api.example/", "https://api.example:444/",
        "https://api.example@evil.example/", "https://api.example.evil.example/", "/v1"}) {
    EXPECT_FAIL(Post(url), Code::kInvalid) << url;
  }
  EXPECT_FAIL(Post("https://evil.example/"), Code::kInvalid,
              "a request to https://evil.example:443 was refused: the settings name "
              "https://api.example:443");
  EXPECT_TRUE(client_.urls.empty());
}

TEST_F(HttpServiceTest, SaysWhichAddressesAreTheWorkersOwn) {
  scope_.origins.push_back("https://own.example:443");
  scope_.own_origins = {"https://own.example:443"};
  ASSERT_OK(Post("https://own.example/v1"));
  EXPECT_TRUE(client_.own_address);
  ASSERT_OK(Post("https://api.example/v1"));
  EXPECT_FALSE(client_.own_address);
}

TEST_F(HttpServiceTest, ADeniedRequestKeepsItsFault) {
  client_.failure =
      Error{.code = Code::kDenied, .message = "requests are denied", .origin = Origin::kWorker};
  const Status denied = Post("https://api.example/");
  EXPECT_FAIL(denied, Code::kDenied, "fake: requests are denied");
  EXPECT_EQ(denied.error().origin, Origin::kWorker);
}

TEST_F(HttpServiceTest, ADeniedRequestIsInvalidToAPlugin) {
  client_.failure =
      Error{.code = Code::kDenied, .message = "requests are denied", .origin = Origin::kWorker};
  EXPECT_OK(InCall([&](const dsw_call* call, dsw_error* error) -> dsw_status {
    dsw_http_request request{};
    request.struct_size = sizeof request;
    request.method = StrOf("GET");
    request.url = StrOf("https://api.example/");
    const dsw_http_response* response = nullptr;
    EXPECT_EQ(http_.perform(host_, call, &request, &response, error), DSW_E_INVALID_REQUEST);
    return DSW_OK;
  }));
}

TEST_F(HttpServiceTest, KnowsOnlyTheInstancesSecrets) {
  EXPECT_FAIL(Post("https://api.example/", "{{secret:other}}"), Code::kInvalid,
              "the settings have no secret \"other\"");
  EXPECT_OK(Post("https://api.example/", "no {{placeholder}} {{secret:"));
  EXPECT_EQ(client_.headers[0].value, "no {{placeholder}} {{secret:");
}

TEST_F(HttpServiceTest, RefusesFlagsThatItDoesNotKnow) {
  EXPECT_FAIL(Post("https://api.example/", "", 1u << 7), Code::kInvalid, "unknown flags");
}

TEST_F(HttpServiceTest, HandsOnFailuresWithTheirKind) {
  client_.failure = Error{.code = Code::kTimeout, .message = "no answer"};
  EXPECT_FAIL(Post("https://api.example/"), Code::kTimeout, "no answer");
}

TEST_F(HttpServiceTest, IsForCallsOnly) {
  const dsw_http_response* response = nullptr;
  dsw_http_request request{};
  request.struct_size = sizeof request;
  dsw_error error = EmptyError();
  EXPECT_EQ(http_.perform(host_, nullptr, &request, &response, &error), DSW_E_INVALID_REQUEST);
  scope_.http = nullptr;
  EXPECT_FAIL(Post("https://api.example/"), Code::kInvalid, "may not use HTTP");
}

TEST_F(HttpServiceTest, ClassifiesAFailedResponse) {
  client_.status = 429;
  look = [this](const dsw_http_response& response, dsw_error* error) {
    return http_.classify(host_, &response, error);
  };
  EXPECT_FAIL(Post("https://api.example/"), Code::kRateLimited,
              "429 Too Many Requests: the body (HTTP 429)");
}

}  // namespace
}  // namespace dsw
