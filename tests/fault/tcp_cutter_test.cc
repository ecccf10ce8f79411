// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tcp_cutter.h"

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace dsw {
namespace {

/// Says back what it is told, to one client after the other.
class Echo {
 public:
  ~Echo() {
    shutdown(listener_.socket(), SHUT_RDWR);
    thread_.join();
  }
  int port() const { return listener_.port(); }

 private:
  void Run() const {
    for (int client; (client = accept(listener_.socket(), nullptr, nullptr)) >= 0; close(client)) {
      char bytes[256];
      for (ssize_t got; (got = recv(client, bytes, sizeof bytes, 0)) > 0;) {
        if (send(client, bytes, static_cast<std::size_t>(got), MSG_NOSIGNAL) < 0) break;
      }
    }
  }

  LoopbackListener listener_;
  std::thread thread_{[this] { Run(); }};
};

/// What comes back of what is said: until the end, or until nothing more comes.
class Client {
 public:
  explicit Client(int port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval patience{0, 300'000};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const sockaddr_in address = LoopbackAddress(port);
    if (connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error("cannot connect");
    }
  }
  ~Client() { close(socket_); }

  std::string Say(const std::string& text) {
    if (send(socket_, text.data(), text.size(), MSG_NOSIGNAL) < 0) {
      // Whoever writes first is told of the reset; reading then only finds the end.
      end_ = "reset";
      return {};
    }
    std::string heard;
    while (heard.size() < text.size()) {
      char bytes[256];
      const ssize_t got = recv(socket_, bytes, sizeof bytes, 0);
      if (got <= 0) {
        end_ = got == 0 ? "closed" : errno == ECONNRESET ? "reset" : "silent";
        return heard;
      }
      heard.append(bytes, static_cast<std::size_t>(got));
    }
    return heard;
  }
  const std::string& end() const { return end_; }

 private:
  int socket_;
  std::string end_;
};

class TcpCutterTest : public testing::Test {
 protected:
  Echo echo_;
  TcpCutter cutter_{echo_.port()};
};

TEST_F(TcpCutterTest, PassesWhatItIsGiven) {
  Client client(cutter_.port());
  EXPECT_EQ(client.Say("hello"), "hello");
  EXPECT_EQ(cutter_.made(), 1);
  EXPECT_EQ(cutter_.ended(), 0);
}

TEST_F(TcpCutterTest, CutsAfterSoManyBytes) {
  cutter_.CutEach({.direction = Direction::kToClient, .after = 3, .ending = Ending::kClose});
  Client client(cutter_.port());
  EXPECT_EQ(client.Say("abcdef"), "abc");
  EXPECT_EQ(client.end(), "closed");
}

TEST_F(TcpCutterTest, ResetsOpenConnections) {
  Client client(cutter_.port());
  EXPECT_EQ(client.Say("hello"), "hello");
  cutter_.CutOpen({.ending = Ending::kReset});
  EXPECT_EQ(client.Say("again"), "");
  EXPECT_EQ(client.end(), "reset");
}

TEST_F(TcpCutterTest, StallsAfterATextThatComesInPieces) {
  cutter_.CutEach({.ending = Ending::kStall, .text = "stop"});
  Client client(cutter_.port());
  EXPECT_EQ(client.Say("go on st"), "go on st");
  client.Say("op here");
  EXPECT_EQ(client.end(), "silent");
  EXPECT_EQ(cutter_.ended(), 1);
}

TEST_F(TcpCutterTest, MutesTheServer) {
  cutter_.CutEach({.ending = Ending::kMute, .text = "quiet"});
  Client client(cutter_.port());
  EXPECT_EQ(client.Say("quiet"), "");
  EXPECT_EQ(client.end(), "silent");
}

TEST_F(TcpCutterTest, PassesAgain) {
  cutter_.CutEach({.ending = Ending::kReset});
  {
    Client reset(cutter_.port());
    EXPECT_EQ(reset.Say("hello"), "");
  }
  cutter_.Pass();
  Client client(cutter_.port());
  EXPECT_EQ(client.Say("hello"), "hello");
}

}  // namespace
}  // namespace dsw
