// SPDX-License-Identifier: Apache-2.0
#include "host/http/body_buffer.h"

#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "host/ports/http_client.h"

namespace dsw {
namespace {

BodyBuffer Filled(std::size_t size) {
  BodyBuffer buffer;
  EXPECT_TRUE(buffer.Reserve(size));
  EXPECT_TRUE(buffer.Append(std::string(size, 'x')));
  return buffer;
}

TEST(BodyBufferTest, GrowsAtItsEnd) {
  BodyBuffer buffer;
  std::string expected;
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_TRUE(buffer.Append("piece"));
    expected += "piece";
  }
  EXPECT_EQ(buffer.view(), expected);
}

TEST(BodyBufferTest, HasZeroBytesBehindAnyLength) {
  for (const std::size_t size : {0u, 1u, 4096u, 70'000u}) {
    BodyBuffer buffer = Filled(size);
    ASSERT_TRUE(buffer.Pad());
    EXPECT_EQ(std::string(buffer.view().data() + size, HttpResponse::kBodyPadding),
              std::string(HttpResponse::kBodyPadding, '\0'));
  }
}

TEST(BodyBufferTest, IsEmptyOnceMoved) {
  BodyBuffer buffer = Filled(100'000);
  const BodyBuffer other = std::move(buffer);
  EXPECT_EQ(other.view().size(), 100'000u);
  EXPECT_EQ(buffer.view().size(), 0u);
  EXPECT_EQ(buffer.capacity(), 0u);
}

TEST(BodyBufferPoolTest, GivesAnEmptyBufferThatIsLargeEnough) {
  BodyBufferPool pool;
  pool.Give(Filled(3'000'000));
  pool.Give(Filled(1'000'000));
  pool.Give(Filled(2'000'000));
  const BodyBuffer buffer = pool.Take(1'500'000);
  EXPECT_EQ(buffer.capacity(), 2'000'000u);
  EXPECT_EQ(buffer.view().size(), 0u);
  EXPECT_EQ(pool.Take(4'000'000).capacity(), 0u);
}

TEST(BodyBufferPoolTest, GivesTheLargestWhenTheLengthIsUnknown) {
  BodyBufferPool pool;
  pool.Give(Filled(3'000'000));
  pool.Give(Filled(1'000'000));
  EXPECT_EQ(pool.Take(0).capacity(), 3'000'000u);
}

TEST(BodyBufferPoolTest, SpendsNoLargeBufferOnAShortBody) {
  BodyBufferPool pool;
  pool.Give(Filled(3'000'000));
  EXPECT_EQ(pool.Take(100).capacity(), 0u);
  EXPECT_EQ(pool.Take(100'000).capacity(), 3'000'000u);
}

TEST(BodyBufferPoolTest, KeepsOnlySoMuch) {
  BodyBufferPool pool;
  for (int i = 0; i < 20; ++i) pool.Give(Filled(5'000'000));
  std::size_t kept = 0;
  while (const std::size_t capacity = pool.Take(100'000).capacity()) kept += capacity;
  EXPECT_GT(kept, 5'000'000u);
  EXPECT_LE(kept, 40'000'000u);
}

}  // namespace
}  // namespace dsw
