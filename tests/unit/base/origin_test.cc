// SPDX-License-Identifier: Apache-2.0
//
// Whom a URL talks to.
#include "host/base/origin.h"

#include <utility>

#include "tests/support/matchers.h"

namespace dsw {
namespace {

TEST(OriginTest, SpellsOutSchemeHostAndPort) {
  const std::pair<const char*, const char*> cases[] = {
      {"https://api.openai.com/v1", "https://api.openai.com:443"},
      {"http://LOCALHOST", "http://localhost:80"},
      {"HTTP://localhost:6333/collections?x=1", "http://localhost:6333"},
      {"https://[::1]:8443/", "https://[::1]:8443"},
      {"https://[fe80::1]", "https://[fe80::1]:443"},
      {"http://qdrant#part", "http://qdrant:80"},
  };
  for (const auto& [url, origin] : cases) EXPECT_EQ(OriginOf(url).value(), origin) << url;
}

TEST(OriginTest, RefusesWhatCouldMeanAnotherHost) {
  for (const char* url :
       {"", "localhost:6333", "ftp://host", "http://", "http:///path", "http://user@host",
        "http://api.openai.com@evil.example", "http://good.example\\@evil.example", "http://host:0",
        "http://host:65536", "http://host:80x", "http://host:", "http://a b",
        "http://host\n.example", "http://[::1", "http://[::1]x", "http://ho%73t", "http://h,t"}) {
    EXPECT_FAIL(OriginOf(url), Code::kInvalid, "a URL") << url;
  }
}

TEST(OriginTest, KnowsTheHost) {
  EXPECT_EQ(HostOf("http://localhost:6333"), "localhost");
  EXPECT_EQ(HostOf("https://[::1]:443"), "[::1]");
}

}  // namespace
}  // namespace dsw
