// SPDX-License-Identifier: Apache-2.0
#include "plugins/embed_common/base_url.h"

#include <gtest/gtest.h>

#include <dsw/plugin.hpp>

namespace dsw {
namespace {

std::string Url(std::string_view base) {
  return EndpointUrl("p", base, "/embeddings");
}

std::string Refusal(std::string_view base) {
  try {
    return "taken: " + Url(base);
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.error().category, DSW_E_INVALID_CONFIG);
    return failure.what();
  }
}

TEST(BaseUrlTest, AddsTheEndpointOnce) {
  EXPECT_EQ(Url("https://api.example.org/v1"), "https://api.example.org/v1/embeddings");
  EXPECT_EQ(Url("https://api.example.org/v1/"), "https://api.example.org/v1/embeddings");
  EXPECT_EQ(Url("https://api.example.org/v1/embeddings"), "https://api.example.org/v1/embeddings");
  EXPECT_EQ(Url("https://api.example.org/v1/embeddings//"),
            "https://api.example.org/v1/embeddings");
  EXPECT_EQ(Url("http://localhost:8000"), "http://localhost:8000/embeddings");
  EXPECT_EQ(Url("HTTP://[::1]:8000/"), "http://[::1]:8000/embeddings");
}

TEST(BaseUrlTest, KeepsAQueryBehindThePath) {
  EXPECT_EQ(Url("https://x.example.org/deployments/d?api-version=1"),
            "https://x.example.org/deployments/d/embeddings?api-version=1");
  EXPECT_EQ(Url("https://x.example.org/d/embeddings?a=/b"),
            "https://x.example.org/d/embeddings?a=/b");
}

TEST(BaseUrlTest, RefusesWhatIsNoAddress) {
  const std::string scheme =
      "p: /base_url: expected an address that begins with http:// or https://";
  EXPECT_EQ(Refusal(""), scheme);
  EXPECT_EQ(Refusal("api.example.org"), scheme);
  EXPECT_EQ(Refusal("ftp://api.example.org"), scheme);
  EXPECT_EQ(Refusal("https://"), "p: /base_url: names no host");
  EXPECT_EQ(Refusal("https:///v1"), "p: /base_url: names no host");
  EXPECT_EQ(Refusal("https://:80/v1"), "p: /base_url: names no host");
  EXPECT_EQ(Refusal("https://a b"), "p: /base_url: has a character that no URL has");
  EXPECT_EQ(Refusal("https://a\nb"), "p: /base_url: has a character that no URL has");
  EXPECT_EQ(Refusal("https://a/#b"), "p: /base_url: has a fragment (#), which no server sees");
}

TEST(BaseUrlTest, DoesNotRepeatAPassword) {
  EXPECT_EQ(Refusal("https://me:hidden@a/"),
            "p: /base_url: has a user or a password in it; use api_key or headers");
}

TEST(BaseUrlTest, ComparesHosts) {
  EXPECT_TRUE(SameHost("https://API.example.org:443/x", "https://api.example.org./v1"));
  EXPECT_FALSE(SameHost("https://api.example.org:8443", "https://api.example.org"));
  EXPECT_FALSE(SameHost("https://api.example.org.evil.net", "https://api.example.org"));
}

}  // namespace
}  // namespace dsw
