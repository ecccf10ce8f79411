// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstring>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <dsw/plugin.h>

#include "host/isolation/wire_reader.h"
#include "host/isolation/wire_socket.h"
#include "host/isolation/wire_writer.h"

namespace dsw::wire {
namespace {

template <typename Fill>
std::string Written(const Fill& fill) {
  std::array<char, 4096> memory{};
  Writer writer(memory.data(), memory.size());
  fill(writer);
  EXPECT_FALSE(writer.full());
  return std::string(writer.view());
}

TEST(WireTest, ReadsWhatWasWritten) {
  const std::string content = Written([](Writer& writer) {
    writer.U32(7);
    writer.I64(-8);
    writer.F64(0.5);
    writer.Text("text");
    writer.Text(nullptr, 5);
  });
  Reader reader(content);
  EXPECT_EQ(reader.U32(), 7u);
  EXPECT_EQ(reader.I64(), -8);
  EXPECT_EQ(reader.F64(), 0.5);
  EXPECT_EQ(reader.Text(), "text");
  EXPECT_EQ(reader.Text(), "");
  EXPECT_FALSE(reader.bad());
  EXPECT_EQ(reader.rest(), "");
}

TEST(WireTest, EveryCutIsNoticed) {
  const std::string content = Written([](Writer& writer) {
    writer.U32(7);
    writer.Text("text");
    writer.U64(9);
  });
  for (std::size_t size = 0; size < content.size(); ++size) {
    Reader reader(std::string_view(content).substr(0, size));
    reader.U32();
    reader.Text();
    reader.U64();
    EXPECT_TRUE(reader.bad()) << size;
  }
}

TEST(WireTest, ALengthBeyondTheEndIsBadAndStaysBad) {
  for (const std::uint64_t length : {std::uint64_t{5}, UINT64_MAX, UINT64_MAX - 7}) {
    const std::string content = Written([&](Writer& writer) {
      writer.U64(length);
      writer.Bytes("abcd", 4);
    });
    Reader reader(content);
    EXPECT_EQ(reader.Text(), "");
    EXPECT_TRUE(reader.bad());
    EXPECT_EQ(reader.U32(), 0u);
    EXPECT_TRUE(reader.bad());
  }
}

TEST(WireTest, ACountIsBoundedByWhatCanFollow) {
  const std::string content = Written([](Writer& writer) {
    writer.U64(3);
    writer.Zeros(16);
  });
  EXPECT_EQ(Reader(content).Count(8), 0u);
  EXPECT_EQ(Reader(content).Count(5), 3u);
}

TEST(WireTest, AStructIsReadAsFarAsItsSizeReaches) {
  dsw_usage usage{.struct_size = 8, .upstream_requests = 3, .prompt_tokens = 4, .total_tokens = 5};
  const auto carried = [](const dsw_usage* from, dsw_usage& to) {
    const std::string content = Written([&](Writer& writer) { writer.Sized(from); });
    Reader reader(content);
    const bool present = reader.Sized(to);
    EXPECT_FALSE(reader.bad());
    return present;
  };
  dsw_usage read{};
  EXPECT_TRUE(carried(&usage, read));
  EXPECT_EQ(read.struct_size, 8u);
  EXPECT_EQ(read.upstream_requests, 3u);
  EXPECT_EQ(read.total_tokens, 0);
  usage.struct_size = sizeof usage;
  EXPECT_TRUE(carried(&usage, read));
  EXPECT_EQ(read.total_tokens, 5);
  EXPECT_FALSE(carried(nullptr, read));
}

TEST(WireTest, ASizeThatClaimsMoreThanItIsIsCut) {
  const std::string content = Written([](Writer& writer) {
    writer.U32(1);
    writer.U32(UINT32_MAX);
    writer.Text("four");
  });
  Reader reader(content);
  dsw_error error{};
  EXPECT_TRUE(reader.Sized(error));
  EXPECT_EQ(error.struct_size, sizeof error);
}

TEST(WireTest, AWriterThatIsFullWritesNoFurther) {
  std::array<char, 16> memory{};
  memory.back() = 'x';
  Writer writer(memory.data(), 15);
  writer.Text("12345678");
  EXPECT_TRUE(writer.full());
  writer.U32(1);
  EXPECT_TRUE(writer.full());
  EXPECT_EQ(memory.back(), 'x');
}

class SocketTest : public testing::Test {
 protected:
  SocketTest() { EXPECT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets_), 0); }
  ~SocketTest() override {
    for (const int fd : sockets_) close(fd);
  }
  Received Receive() { return wire::Receive(sockets_[1], datagram_, false); }

  int sockets_[2] = {-1, -1};
  Datagram datagram_;
};

TEST_F(SocketTest, CarriesAMessage) {
  EXPECT_EQ(Receive(), Received::kNothing);
  ASSERT_TRUE(Send(sockets_[0], {.kind = 3, .flags = 0, .offset = 0, .size = 4}, "text"));
  ASSERT_EQ(Receive(), Received::kMessage);
  EXPECT_EQ(datagram_.head.kind, 3u);
  EXPECT_EQ(std::string_view(datagram_.content, datagram_.inline_size), "text");
}

TEST_F(SocketTest, WhatIsNoMessageCountsAsTheEnd) {
  const Head lies{.kind = 3, .flags = 0, .offset = 0, .size = 9};
  ASSERT_EQ(send(sockets_[0], "short", 5, 0), 5);
  EXPECT_EQ(Receive(), Received::kClosed);
  ASSERT_EQ(send(sockets_[0], &lies, sizeof lies, 0), static_cast<ssize_t>(sizeof lies));
  EXPECT_EQ(Receive(), Received::kClosed);
  const std::string long_one(kDatagramBytes + 1, '\0');
  ASSERT_GT(send(sockets_[0], long_one.data(), long_one.size(), 0), 0);
  EXPECT_EQ(Receive(), Received::kClosed);
}

TEST_F(SocketTest, DescriptorsThatNobodyAskedForAreDropped) {
  const std::array<int, 1> fds = {sockets_[0]};
  ASSERT_TRUE(Send(sockets_[0], {.kind = 3, .flags = 0, .offset = 0, .size = 0}, {}, fds));
  ASSERT_EQ(Receive(), Received::kMessage);
  EXPECT_THAT(datagram_.fds, testing::Each(-1));
}

}  // namespace
}  // namespace dsw::wire
