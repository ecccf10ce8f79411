// SPDX-License-Identifier: Apache-2.0
#include "host/http/proxy.h"

#include <gtest/gtest.h>

namespace dsw {
namespace {

TEST(ProxyTest, IsPassedByForTheNamedHosts) {
  const char* const list = "a.example, .b.example,10.0.0.0/8 [::1] C.example.,192.168.0.1,";
  for (const char* host : {"a.example", "A.Example.", "x.a.example", "b.example", "x.b.example",
                           "10.1.2.3", "[::1]", "c.example", "192.168.0.1"}) {
    EXPECT_TRUE(IsNamedBy(list, host)) << host;
  }
  for (const char* host : {"example", "xa.example", "11.0.0.1", "[::2]", "1.192.168.0.1", ""}) {
    EXPECT_FALSE(IsNamedBy(list, host)) << host;
  }
  EXPECT_TRUE(IsNamedBy("x,*", "any.example"));
  EXPECT_FALSE(IsNamedBy("", "any.example"));
}

TEST(ProxyTest, IsThatOfTheScheme) {
  CurlHttpClientOptions options;
  options.https_proxy = "http://one";
  options.http_proxy = "http://two";
  options.no_proxy = "direct.example";
  RequestParts parts;
  parts.host = "host.example";
  parts.tls = true;
  EXPECT_EQ(ProxyFor(options, parts), "http://one");
  parts.tls = false;
  EXPECT_EQ(ProxyFor(options, parts), "http://two");
  parts.host = "direct.example";
  EXPECT_EQ(ProxyFor(options, parts), "");
}

}  // namespace
}  // namespace dsw
