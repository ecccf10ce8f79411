// SPDX-License-Identifier: Apache-2.0
//
// Certificates and proxies.
#include <cstdlib>

#include <gmock/gmock.h>

#include "tests/integration/http/client_fixture.h"
#include "tests/support/private_ca.h"

namespace dsw {
namespace {

using testing::HasSubstr;
using testing::Not;

class TlsTest : public HttpClientTest {
 protected:
  RawHttpServerOptions Tls() const {
    return {.certificate_file = ca_.certificate_file(), .key_file = ca_.key_file()};
  }

  PrivateCa ca_;
};

TEST_F(TlsTest, TrustsTheGivenAuthority) {
  client_ = Make({.ca_file = ca_.ca_file()});
  RawHttpServer server(Echo, Tls());
  const std::string body(1'000'000, 'x');
  for (int i = 0; i < 3; ++i) {
    ASSERT_OK_AND_ASSIGN(const auto response, Post(server.Url("/"), body));
    EXPECT_TRUE(response->body() == body);
  }
  EXPECT_EQ(server.connection_count(), 1u);
}

TEST_F(TlsTest, RefusesAnUnknownAuthorityAndSaysWhatToDo) {
  RawHttpServer server(Echo, Tls());
  EXPECT_FAIL(Post(server.Url("/"), "{}"), Code::kUnauthenticated, "SSL_CERT_FILE");
  EXPECT_EQ(server.request_count(), 0u);
}

TEST_F(TlsTest, SaysThatThePortSpeaksNoTls) {
  RawHttpServer server(Echo);
  EXPECT_FAIL(Post("https://127.0.0.1:" + std::to_string(server.port()), "{}"), Code::kUnavailable,
              "no TLS with https://127.0.0.1");
}

TEST_F(TlsTest, RefusesHttp1WhenHttp2IsAskedFor) {
  client_ = Make({.ca_file = ca_.ca_file()});
  RawHttpServer server(Echo, Tls());
  EXPECT_FAIL(Post(server.Url("/"), "{}", {.http2 = true}), Code::kBadResponse, "HTTP/2");
}

TEST_F(TlsTest, RefusesFilesThatCannotBeRead) {
  EXPECT_FAIL(CurlHttpClient::Create({.ca_file = "/nowhere/ca.pem"}), Code::kInvalid,
              "/nowhere/ca.pem");
}

TEST_F(TlsTest, RefusesFilesWithoutCertificates) {
  client_ = Make({.ca_file = ca_.key_file()});
  RawHttpServer server(Echo, Tls());
  EXPECT_FAIL(Post(server.Url("/"), "{}"), Code::kInvalid, "SSL_CERT_FILE");
}

class ProxyTest : public HttpClientTest {
 protected:
  /// Stands for all proxies: answers what it is asked for, and tells it.
  RawHttpServer proxy_{[](const ReceivedRequest& request) {
    if (request.method == "CONNECT") return HttpReply{.status = 407};
    return HttpReply{.body = "proxy got " + request.path};
  }};
};

TEST_F(ProxyTest, SendsHttpThroughTheProxy) {
  client_ = Make({.http_proxy = proxy_.Url()});
  ASSERT_OK_AND_ASSIGN(const auto response, Get("http://host.invalid/path"));
  EXPECT_EQ(response->body(), "proxy got http://host.invalid/path");
}

TEST_F(ProxyTest, SendsHttpsThroughTheProxyForHttps) {
  client_ = Make({.https_proxy = proxy_.Url(), .http_proxy = "http://127.0.0.1:1"});
  EXPECT_FAIL(Get("https://host.invalid/"), Code::kUnauthenticated, "the proxy answered with 407");
  EXPECT_EQ(proxy_.requests().at(0).path, "host.invalid:443");
}

TEST_F(ProxyTest, GoesAroundTheProxyWhereTold) {
  RawHttpServer server(Echo);
  client_ = Make({.http_proxy = "http://127.0.0.1:1", .no_proxy = "example.org,127.0.0.1"});
  EXPECT_OK(Post(server.Url("/"), "{}"));
}

TEST_F(ProxyTest, DoesNotLookIntoTheEnvironment) {
  RawHttpServer server(Echo);
  ASSERT_EQ(setenv("http_proxy", proxy_.Url().c_str(), 1), 0);
  EXPECT_OK(Post(server.Url("/"), "{}"));
  unsetenv("http_proxy");
  EXPECT_EQ(proxy_.request_count(), 0u);

  ASSERT_EQ(setenv("no_proxy", "*", 1), 0);
  client_ = Make({.http_proxy = proxy_.Url()});
  EXPECT_OK(Post(server.Url("/"), "{}"));
  unsetenv("no_proxy");
  EXPECT_EQ(proxy_.request_count(), 1u);
}

TEST_F(ProxyTest, RefusesWhatIsNoAddressWithoutRepeatingIt) {
  const auto client = CurlHttpClient::Create({.https_proxy = "http://user:hunter2@a b:x"});
  EXPECT_FAIL(client, Code::kInvalid, "HTTPS_PROXY");
  EXPECT_THAT(client.error().message, Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace dsw
