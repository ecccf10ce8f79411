// SPDX-License-Identifier: Apache-2.0
//
// What the rules for outgoing requests cover, and which of them wins.
#include "host/base/egress_rules.h"

#include <string>

#include <gmock/gmock.h>

#include "tests/support/matchers.h"

namespace dsw {
namespace {

using testing::HasSubstr;

EgressRules Rules(std::string_view allow, std::string_view deny = "") {
  return {.allow = ParseEgressList(allow).value(), .deny = ParseEgressList(deny).value()};
}

bool Allows(const EgressRules& rules, const char* host, std::uint16_t port = 443) {
  return !rules.Refuse({.host = host, .port = port});
}

/// A connection for "host.example".
bool Connects(const EgressRules& rules, const char* address, std::uint16_t port = 443) {
  return !rules.Refuse({.host = "host.example", .port = port}, *ParseIpAddress(address));
}

TEST(EgressRulesTest, WithoutRulesForbidLinksAndMetadataAlone) {
  const EgressRules rules;
  for (const char* host : {"api.openai.com", "127.0.0.1", "[::1]", "10.0.0.1", "192.168.1.1",
                           "[fd00::1]", "localhost", "8.8.8.8"}) {
    EXPECT_TRUE(Allows(rules, host)) << host;
  }
  for (const char* host :
       {"169.254.169.254", "169.254.0.1", "[fe80::1]", "[fd00:ec2::254]", "100.100.100.200",
        "metadata.google.internal", "METADATA.google.Internal.", "0.0.0.0", "[::]", "0",
        "0xa9fea9fe", "2852039166", "0251.0376.0251.0376", "169.254.169.254.",
        "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[64:ff9b::169.254.169.254]",
        "[2002:a9fe:a9fe::1]"}) {
    EXPECT_FALSE(Allows(rules, host)) << host;
  }
  EXPECT_FALSE(Connects(rules, "169.254.169.254"));
  EXPECT_FALSE(Connects(rules, "::ffff:169.254.169.254"));
  EXPECT_TRUE(Connects(rules, "10.0.0.1"));
}

TEST(EgressRulesTest, CoverHostsDomainsAddressesAndRanges) {
  const EgressRules rules =
      Rules("API.example.com., *.Example.org ,10.1.0.0/16,192.168.0.7,fd00::/8,[2001:db8::1]");
  for (const char* host :
       {"api.example.com", "API.EXAMPLE.COM.", "a.example.org", "a.b.example.org", "10.1.255.1",
        "192.168.0.7", "[fd12::1]", "[2001:db8::1]", "[::ffff:10.1.2.3]", "0xa010001"}) {
    EXPECT_TRUE(Allows(rules, host)) << host;
  }
  for (const char* host :
       {"example.org", "badexample.org", "10.2.0.1", "192.168.0.8", "[2001:db8::2]", "[fc00::1]"}) {
    EXPECT_TRUE(rules.RefuseThroughProxy({.host = host, .port = 443})) << host;
  }
}

TEST(EgressRulesTest, AreForPorts) {
  const EgressRules rules =
      Rules("a.example:443,10.0.0.0/8:8000-8999,[fd00::/8]:80,[fd01::1]:5,*:7");
  EXPECT_TRUE(Allows(rules, "10.0.0.1", 8000));
  EXPECT_TRUE(Allows(rules, "10.0.0.1", 8999));
  EXPECT_FALSE(Allows(rules, "10.0.0.1", 9000));
  EXPECT_TRUE(Allows(rules, "[fd00::1]", 80));
  EXPECT_FALSE(Allows(rules, "[fd00::1]", 81));
  EXPECT_TRUE(Allows(rules, "[fd01::1]", 5));
  EXPECT_TRUE(Allows(rules, "8.8.8.8", 7));
  EXPECT_FALSE(Connects(rules, "8.8.8.8", 8));
  EXPECT_FALSE(Allows(Rules("a.example:443"), "a.example", 80));
}

TEST(EgressRulesTest, DenialWins) {
  const EgressRules rules = Rules("*,10.0.0.0/8", "10.0.0.5,*.evil.example,2002::/16");
  EXPECT_TRUE(Allows(rules, "10.0.0.4"));
  EXPECT_FALSE(Allows(rules, "10.0.0.5"));
  EXPECT_FALSE(Allows(rules, "[::ffff:10.0.0.5]"));
  EXPECT_FALSE(Allows(rules, "[2002:808:808::1]"));
  EXPECT_FALSE(Allows(rules, "a.evil.example"));
  EXPECT_FALSE(Connects(rules, "10.0.0.5"));
  EXPECT_THAT(*rules.Refuse({.host = "x.example", .port = 443}, *ParseIpAddress("10.0.0.5")),
              AllOf(HasSubstr("10.0.0.5 (x.example), port 443"), HasSubstr("EGRESS_DENY")));
  EXPECT_FALSE(Allows(Rules("169.254.169.254", "169.254.0.0/16"), "169.254.169.254"));
}

TEST(EgressRulesTest, MetadataIsAllowedByNameOnly) {
  for (const char* allow : {"*", "*:80", "0.0.0.0/0,::/0", "*.example", "*.google.internal"}) {
    EXPECT_FALSE(Allows(Rules(allow), "169.254.169.254", 80)) << allow;
    EXPECT_FALSE(Allows(Rules(allow), "metadata.google.internal", 80)) << allow;
    EXPECT_FALSE(Connects(Rules(allow), "169.254.169.254", 80)) << allow;
  }
  for (const char* allow : {"169.254.169.254", "169.254.0.0/16:80", "*,169.254.169.254"}) {
    EXPECT_TRUE(Allows(Rules(allow), "169.254.169.254", 80)) << allow;
    EXPECT_TRUE(Connects(Rules(allow), "169.254.169.254", 80)) << allow;
  }
  EXPECT_FALSE(Allows(Rules("169.254.169.254:81"), "169.254.169.254", 80));
  EXPECT_TRUE(Connects(Rules("host.example"), "169.254.169.254"));
  EXPECT_TRUE(Allows(Rules("metadata.google.internal"), "metadata.google.internal"));
  EXPECT_THAT(*EgressRules().Refuse({.host = "169.254.169.254", .port = 80}),
              HasSubstr("an operator can name it in EGRESS_ALLOW"));
}

TEST(EgressRulesTest, AnAddressDecidesOnceItIsKnown) {
  const EgressRules rules = Rules("10.0.0.0/8");
  EXPECT_TRUE(Allows(rules, "host.example"));
  EXPECT_TRUE(rules.RefuseThroughProxy({.host = "host.example", .port = 443}));
  EXPECT_TRUE(Connects(rules, "10.0.0.1"));
  EXPECT_FALSE(Connects(rules, "11.0.0.1"));
  EXPECT_FALSE(Allows(Rules("api.openai.com"), "host.example"));
  EXPECT_TRUE(Connects(Rules("host.example"), "11.0.0.1"));
}

TEST(EgressRulesTest, TheWorkersOwnAddressesNeedNoNaming) {
  EgressTarget target{.host = "qdrant", .port = 6333, .own = true};
  EXPECT_FALSE(Rules("api.openai.com").Refuse(target));
  EXPECT_FALSE(Rules("api.openai.com").Refuse(target, *ParseIpAddress("10.0.0.1")));
  EXPECT_TRUE(Rules("api.openai.com").Refuse(target, *ParseIpAddress("169.254.169.254")));
  EXPECT_TRUE(Rules("", "10.0.0.0/8").Refuse(target, *ParseIpAddress("10.0.0.1")));
  target.own = false;
  EXPECT_TRUE(Rules("api.openai.com").Refuse(target));
}

TEST(EgressRulesTest, BadRulesAreNamed) {
  for (const char* rule : {"https://a.example",
                           "a b",
                           "a.example:0",
                           "a.example:65536",
                           "a.example:9-8",
                           "a.example:",
                           "a.example:x",
                           "a..example",
                           ".example",
                           "*example",
                           "*.",
                           "a.*.example",
                           "10.0.0.1/8",
                           "10.0.0.0/33",
                           "10.0.0",
                           "0x7f.1",
                           "2130706433",
                           "300.1.1.1",
                           "[fd00::1",
                           "[fd00::1]443",
                           "[10.0.0.1]",
                           "[a.example]:5",
                           "fd00::/200",
                           "user@host",
                           "a/b",
                           "[]",
                           "[:]",
                           ":80",
                           "*:80:90",
                           "a.example:80-"}) {
    const auto list = ParseEgressList(rule);
    EXPECT_FAIL(list, Code::kInvalid, "expected a host") << rule;
    if (list) continue;
    EXPECT_THAT(list.error().message, HasSubstr(rule));
  }
  EXPECT_OK(ParseEgressList(" , a.example ,, "));
  std::string many;
  for (int i = 0; i < 2000; ++i) many += "a.example,";
  EXPECT_FAIL(ParseEgressList(many), Code::kInvalid, "at most 1024 rules");
  EXPECT_FAIL(ParseEgressList(std::string(100'000, 'a')), Code::kInvalid, "at most 65536 bytes");
}

}  // namespace
}  // namespace dsw
