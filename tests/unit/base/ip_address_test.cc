// SPDX-License-Identifier: Apache-2.0
//
// Addresses and ranges as they are written, and the addresses inside addresses.
#include "host/base/ip_address.h"

#include <utility>

#include <gtest/gtest.h>

namespace dsw {
namespace {

TEST(IpAddressTest, ReadsAHostAsAResolverDoes) {
  const std::pair<const char*, const char*> cases[] = {{"127.0.0.1", "127.0.0.1"},
                                                       {"127.0.0.1.", "127.0.0.1"},
                                                       {"0x7f.1", "127.0.0.1"},
                                                       {"2130706433", "127.0.0.1"},
                                                       {"0177.0.0.1", "127.0.0.1"},
                                                       {"169.16689662", "169.254.169.254"},
                                                       {"[::1]", "::1"},
                                                       {"FD00::1", "fd00::1"},
                                                       {"[::ffff:1.2.3.4]", "::ffff:1.2.3.4"}};
  for (const auto& [host, address] : cases) {
    const auto read = LiteralAddress(host);
    ASSERT_TRUE(read) << host;
    EXPECT_EQ(FormatIpAddress(*read), address) << host;
  }
  for (const char* host :
       {"", "localhost", "1.2.3.4.example", "256.256.256.256", "[", "[]", "1 2", "face.example"}) {
    EXPECT_FALSE(LiteralAddress(host)) << host;
  }
}

TEST(IpAddressTest, FindsTheAddressInside) {
  for (const char* text : {"::ffff:10.0.0.1", "::10.0.0.1", "64:ff9b::10.0.0.1",
                           "64:ff9b:1::10.0.0.1", "2002:a00:1::5", "10.0.0.1"}) {
    EXPECT_EQ(FormatIpAddress(Unwrapped(*ParseIpAddress(text))), "10.0.0.1") << text;
  }
  for (const char* text : {"::1", "::", "fd00::1", "2001:db8::1"}) {
    EXPECT_EQ(FormatIpAddress(Unwrapped(*ParseIpAddress(text))), text);
  }
}

TEST(IpAddressTest, KnowsWhatIsInARange) {
  const auto in = [](const char* range, const char* address) {
    return ParseIpRange(range)->Contains(*ParseIpAddress(address));
  };
  EXPECT_TRUE(in("10.0.0.0/8", "10.255.0.1"));
  EXPECT_FALSE(in("10.0.0.0/8", "11.0.0.0"));
  EXPECT_TRUE(in("172.16.0.0/12", "172.31.255.255"));
  EXPECT_FALSE(in("172.16.0.0/12", "172.32.0.0"));
  EXPECT_TRUE(in("0.0.0.0/0", "1.2.3.4"));
  EXPECT_FALSE(in("0.0.0.0/0", "::1"));
  EXPECT_FALSE(in("::/0", "1.2.3.4"));
  EXPECT_TRUE(in("fe80::/10", "febf::1"));
  EXPECT_FALSE(in("fe80::/10", "fec0::1"));
  EXPECT_FALSE(in("10.0.0.1", "10.0.0.2"));
  for (const char* text : {"", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0/8",
                           "fd00::1/8", "fd00::/129", "10.0.0.0/8x", "0x7f.1"}) {
    EXPECT_FALSE(ParseIpRange(text)) << text;
  }
}

}  // namespace
}  // namespace dsw
