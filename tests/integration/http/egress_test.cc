// SPDX-License-Identifier: Apache-2.0
//
// Requests that the operator's rules forbid. This program has a getaddrinfo() of its own, so that
// names stand for what a test says.
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include <dlfcn.h>
#include <fmt/format.h>
#include <netdb.h>

#include "tests/integration/http/client_fixture.h"

namespace {

std::mutex names_mutex;
/// Per name, the address of each look-up; the last one stays.
std::map<std::string, std::vector<std::string>> names;

}  // namespace

extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints,
                           addrinfo** found) {
  static const auto real =
      reinterpret_cast<decltype(&getaddrinfo)>(dlsym(RTLD_NEXT, "getaddrinfo"));
  std::string address;
  if (node != nullptr) {
    const std::lock_guard lock(names_mutex);
    const auto known = names.find(node);
    if (known != names.end()) {
      address = known->second.front();
      if (known->second.size() > 1) known->second.erase(known->second.begin());
    }
  }
  if (address.empty()) return real(node, service, hints, found);
  addrinfo numeric = hints != nullptr ? *hints : addrinfo{};
  numeric.ai_family = AF_UNSPEC;
  numeric.ai_flags = AI_NUMERICHOST;
  return real(address.c_str(), service, &numeric, found);
}

namespace dsw {
namespace {

class EgressTest : public HttpClientTest {
 protected:
  void Names(const std::string& name, std::vector<std::string> addresses) {
    const std::lock_guard lock(names_mutex);
    names[name] = std::move(addresses);
  }

  static std::unique_ptr<CurlHttpClient> With(std::string_view allow, std::string_view deny = "",
                                              CurlHttpClientOptions options = {}) {
    options.egress = {.allow = ParseEgressList(allow).value(),
                      .deny = ParseEgressList(deny).value()};
    return Make(options);
  }

  std::string UrlOf(std::string_view host) const {
    return fmt::format("http://{}:{}/", host, server_.port());
  }

  /// A request that may not have reached anybody.
  void ExpectDenied(const std::string& url, std::string_view words) {
    const std::size_t before = server_.connection_count();
    const Answer answer = Post(url, "{}");
    EXPECT_FAIL(answer, Code::kDenied, std::string(words)) << url;
    EXPECT_EQ(answer ? Origin::kJob : answer.error().origin, Origin::kWorker) << url;
    EXPECT_EQ(server_.connection_count(), before) << url;
  }

  Answer PostAsOwn(const std::string& url) {
    HttpRequest request;
    request.method = "POST";
    request.url = url;
    request.own_address = true;
    return client_->Perform(request);
  }

  RawHttpServer server_{Echo};
};

TEST_F(EgressTest, LiteralsThatAreDenied) {
  for (const char* host :
       {"169.254.169.254", "0xa9fea9fe", "2852039166", "0251.0376.0251.0376",
        "[::ffff:169.254.169.254]", "[fe80::1]", "0.0.0.0", "[::]", "METADATA.google.internal."}) {
    ExpectDenied(UrlOf(host), "EGRESS_ALLOW");
  }
  EXPECT_OK(Post(server_.Url("/"), "{}"));
}

TEST_F(EgressTest, NamesOfDeniedAddresses) {
  Names("metadata.example", {"169.254.169.254"});
  Names("mapped.example", {"::ffff:169.254.169.254"});
  Names("local.example", {"127.0.0.1"});
  ExpectDenied(UrlOf("metadata.example"), "169.254.169.254 (metadata.example)");
  ExpectDenied(UrlOf("mapped.example"), "::ffff:169.254.169.254 (mapped.example)");
  EXPECT_OK(Post(UrlOf("local.example"), "{}"));
  client_ = With("", "127.0.0.0/8,::1");
  ExpectDenied(UrlOf("local.example"), "`127.0.0.0/8` in the worker's EGRESS_DENY");
  ExpectDenied(UrlOf("localhost"), "EGRESS_DENY");
  ExpectDenied(UrlOf("0x7f.1"), "EGRESS_DENY");
}

TEST_F(EgressTest, AnAddressIsJudgedAtEachLookUp) {
  Names("changing.example", {"127.0.0.1", "169.254.169.254"});
  EXPECT_OK(Post(UrlOf("changing.example"), "{}"));
  // One that has not looked it up yet.
  client_ = With("");
  ExpectDenied(UrlOf("changing.example"), "169.254.169.254 (changing.example)");
}

TEST_F(EgressTest, OnlyWhatIsNamedWhereSomethingIs) {
  Names("named.example", {"127.0.0.1"});
  Names("other.example", {"127.0.0.1"});
  client_ = With("named.example");
  EXPECT_OK(Post(UrlOf("named.example"), "{}"));
  ExpectDenied(UrlOf("other.example"), "EGRESS_ALLOW does not name it");
  ExpectDenied(server_.Url("/"), "EGRESS_ALLOW does not name it");
  client_ = With("127.0.0.0/8");
  EXPECT_OK(Post(UrlOf("other.example"), "{}"));
  client_ = With("10.0.0.0/8");
  ExpectDenied(UrlOf("other.example"), "127.0.0.1 (other.example)");
}

TEST_F(EgressTest, AKeptConnectionIsJudgedForEachRequest) {
  Names("own.example", {"127.0.0.1"});
  client_ = With("10.0.0.0/8");
  ASSERT_OK(PostAsOwn(UrlOf("own.example")));
  ExpectDenied(UrlOf("own.example"), "EGRESS_ALLOW does not name it");
  EXPECT_EQ(server_.request_count(), 1u);
  ASSERT_OK(PostAsOwn(UrlOf("own.example")));
}

TEST_F(EgressTest, TheWorkersOwnAddressThatIsDeniedIsItsOwnFault) {
  client_ = With("", "127.0.0.1");
  const Answer answer = PostAsOwn(server_.Url("/"));
  EXPECT_FAIL(answer, Code::kInvalid, "EGRESS_DENY");
  EXPECT_EQ(answer.error().origin, Origin::kWorker);
}

TEST_F(EgressTest, Http2IsJudgedToo) {
  Names("metadata.example", {"169.254.169.254"});
  EXPECT_FAIL(Post("http://metadata.example/", "{}", {.http2 = true}), Code::kDenied,
              "169.254.169.254");
}

TEST_F(EgressTest, ThroughAProxyTheNameDecides) {
  RawHttpServer proxy([](const ReceivedRequest&) { return HttpReply{.body = "proxy"}; });
  client_ = With("named.example", "127.0.0.0/8", {.http_proxy = proxy.Url()});
  EXPECT_OK(Post("http://named.example/", "{}"));
  ExpectDenied("http://other.example/", "EGRESS_ALLOW does not name it");
  ExpectDenied("http://0x7f.1/", "EGRESS_DENY");
  client_ = With("10.0.0.0/8", "", {.http_proxy = proxy.Url()});
  EXPECT_OK(Post("http://10.0.0.1/", "{}"));
  ExpectDenied("http://named.example/", "EGRESS_ALLOW does not name it");
  ExpectDenied("http://169.254.169.254/", "EGRESS_ALLOW");
  EXPECT_EQ(proxy.request_count(), 2u);
}

TEST_F(EgressTest, AServerThatIsDownIsNoDenial) {
  const std::string url = server_.Url("/");
  server_.Stop();
  EXPECT_FAIL(Post(url, "{}"), Code::kUnavailable, "cannot connect");
}

}  // namespace
}  // namespace dsw
