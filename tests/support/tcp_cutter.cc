// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tcp_cutter.h"

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace dsw {
namespace {

constexpr std::size_t kBuffer = 65536;

void Close(int& socket, bool reset) {
  if (socket < 0) return;
  if (reset) {
    const linger now{1, 0};
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  close(socket);
  socket = -1;
}

}  // namespace

/// One connection. A side's socket is -1 once it is closed.
struct TcpCutter::Link {
  struct Flow {
    std::string buffer;  ///< Read and not yet written.
    std::string recent;  ///< End of what was read, for texts that come in pieces.
    bool source_ended = false;
    std::uint64_t passed = 0;
  };

  bool stalled = false;
  bool muted = false;
  int client = -1;
  int server = -1;
  Flow to_server;
  Flow to_client;
  std::optional<Cut> cut;

  Flow& flow(Direction direction) {
    return direction == Direction::kToServer ? to_server : to_client;
  }
  short Wants(const Flow& from_it, const Flow& to_it) const {
    if (stalled) return 0;
    short events = 0;
    const bool heard = !muted || &from_it == &to_server;
    if (heard && !from_it.source_ended && from_it.buffer.size() < kBuffer) events |= POLLIN;
    if (!to_it.buffer.empty()) events |= POLLOUT;
    return events;
  }
  /// Looks for the cut's text in what was just read; once it is there, the place is known.
  void Find(Flow& from, std::size_t fresh) {
    std::string& recent = from.recent;
    if (!cut || cut->text.empty()) return;
    recent.append(from.buffer, from.buffer.size() - fresh);
    if (const std::size_t at = recent.find(cut->text); at != std::string::npos) {
      const std::size_t beyond = recent.size() - at - cut->text.size();
      cut->after += from.passed + from.buffer.size() - beyond;
      cut->text.clear();
    } else if (recent.size() > cut->text.size()) {
      recent.erase(0, recent.size() - cut->text.size());
    }
  }
  bool CutDue(Direction direction) {
    return cut && cut->direction == direction && cut->text.empty() &&
           flow(direction).passed >= cut->after;
  }
};

TcpCutter::TcpCutter(int target_port) : target_port_(target_port) {
  if (pipe2(wake_, O_CLOEXEC | O_NONBLOCK) != 0) throw std::runtime_error("cannot make a pipe");
  thread_ = std::thread([this] { Run(); });
}

TcpCutter::~TcpCutter() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  Wake();
  thread_.join();
  for (Link& link : links_) End(link, Ending::kReset);
  for (int& file : wake_) Close(file, false);
}

void TcpCutter::Wake() {
  const char byte = 0;
  (void)!write(wake_[1], &byte, 1);
}

void TcpCutter::CutEach(const Cut& cut) {
  const std::lock_guard lock(mutex_);
  each_ = cut;
}

void TcpCutter::CutOpen(const Cut& cut) {
  const std::lock_guard lock(mutex_);
  for (Link& link : links_) {
    link.cut = cut;
    link.flow(cut.direction).recent.clear();
    if (cut.text.empty()) link.cut->after += link.flow(cut.direction).passed;
    if (link.CutDue(cut.direction)) End(link, cut.ending);
  }
  Wake();
}

void TcpCutter::CutAtRandom(std::uint64_t seed, double share, std::uint64_t within) {
  const std::lock_guard lock(mutex_);
  random_.seed(seed);
  share_ = share;
  within_ = within;
}

void TcpCutter::Pass() {
  const std::lock_guard lock(mutex_);
  share_ = 0;
  each_.reset();
  for (Link& link : links_) {
    link.cut.reset();
    if (link.stalled || link.muted) End(link, Ending::kReset);
  }
  Wake();
}

int TcpCutter::made() const {
  const std::lock_guard lock(mutex_);
  return made_;
}

int TcpCutter::ended() const {
  const std::lock_guard lock(mutex_);
  return ended_;
}

std::optional<Cut> TcpCutter::Fate() {
  if (each_) return each_;
  if (!std::bernoulli_distribution(share_)(random_)) return std::nullopt;
  return Cut{.direction = random_() % 2 == 0 ? Direction::kToServer : Direction::kToClient,
             .after = std::uniform_int_distribution<std::uint64_t>(0, within_)(random_),
             .ending = static_cast<Ending>(random_() % 3),
             .text = ""};
}

void TcpCutter::End(Link& link, Ending ending) {
  ++ended_;
  if (ending == Ending::kStall || ending == Ending::kMute) {
    link.stalled = ending == Ending::kStall;
    link.muted = ending == Ending::kMute;
    link.cut.reset();
    return;
  }
  Close(link.client, ending == Ending::kReset);
  Close(link.server, ending == Ending::kReset);
}

void TcpCutter::Accept() {
  int client = accept4(listener_.socket(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (client < 0) return;
  ++made_;
  // Connecting to a port of this machine takes no time worth a state of its own.
  int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = LoopbackAddress(target_port_);
  if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    Close(client, true);
    Close(server, false);
    return;
  }
  fcntl(server, F_SETFL, O_NONBLOCK);
  const int on = 1;
  for (const int each : {client, server}) {
    setsockopt(each, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  Link& link = links_.emplace_back();
  link.client = client;
  link.server = server;
  link.cut = Fate();
  for (const Direction direction : {Direction::kToServer, Direction::kToClient}) {
    if (link.CutDue(direction)) return End(link, link.cut->ending);
  }
}

void TcpCutter::Transfer(Link& link, Direction direction) {
  Link::Flow& flow = link.flow(direction);
  const bool up = direction == Direction::kToServer;
  const int source = up ? link.client : link.server;
  const int sink = up ? link.server : link.client;
  if (!flow.source_ended && flow.buffer.size() < kBuffer) {
    char bytes[kBuffer];
    const ssize_t got = recv(source, bytes, sizeof bytes, 0);
    if (got > 0) {
      flow.buffer.append(bytes, static_cast<std::size_t>(got));
      const bool watched = link.cut && link.cut->direction == direction;
      if (watched) link.Find(flow, static_cast<std::size_t>(got));
    }
    const bool later = got < 0 && (errno == EAGAIN || errno == EINTR);
    if (got < 0 && !later) return End(link, Ending::kReset);
    flow.source_ended = got == 0;
  }
  std::size_t may = flow.buffer.size();
  const bool here = link.cut && link.cut->direction == direction && link.cut->text.empty();
  if (here) may = std::min<std::size_t>(may, link.cut->after - flow.passed);
  if (may > 0) {
    const ssize_t put = send(sink, flow.buffer.data(), may, MSG_NOSIGNAL);
    if (put < 0 && errno != EAGAIN && errno != EINTR) return End(link, Ending::kReset);
    if (put > 0) {
      flow.buffer.erase(0, static_cast<std::size_t>(put));
      flow.passed += static_cast<std::uint64_t>(put);
    }
  }
  if (link.CutDue(direction)) return End(link, link.cut->ending);
  if (flow.source_ended && flow.buffer.empty()) shutdown(sink, SHUT_WR);
}

void TcpCutter::Move(Link& link, short client_events, short server_events) {
  if (link.stalled || link.client < 0) return;
  if (client_events != 0 || server_events != 0) {
    Transfer(link, Direction::kToServer);
    const bool heard = !link.stalled && !link.muted && link.client >= 0;
    if (heard) Transfer(link, Direction::kToClient);
  }
  const bool over = link.to_server.source_ended && link.to_client.source_ended &&
                    link.to_server.buffer.empty() && link.to_client.buffer.empty();
  if (over && link.client >= 0 && !link.stalled) {
    Close(link.client, false);
    Close(link.server, false);
  }
}

void TcpCutter::Run() {
  while (true) {
    std::vector<pollfd> files = {{listener_.socket(), POLLIN, 0}, {wake_[0], POLLIN, 0}};
    std::vector<Link*> owners;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      links_.remove_if([](const Link& link) { return link.client < 0; });
      for (Link& link : links_) {
        if (link.stalled) continue;
        owners.push_back(&link);
        // Who is asked nothing is not watched either: an end that was seen would be seen for ever.
        const short of_client = link.Wants(link.to_server, link.to_client);
        const short of_server = link.Wants(link.to_client, link.to_server);
        files.push_back({of_client != 0 ? link.client : -1, of_client, 0});
        files.push_back({of_server != 0 ? link.server : -1, of_server, 0});
      }
    }
    poll(files.data(), files.size(), -1);
    const std::lock_guard lock(mutex_);
    char bytes[64];
    while (read(wake_[0], bytes, sizeof bytes) > 0) {
    }
    for (std::size_t i = 0; i < owners.size(); ++i) {
      Move(*owners[i], files[2 + 2 * i].revents, files[3 + 2 * i].revents);
    }
    if ((files[0].revents & POLLIN) != 0) Accept();
  }
}

}  // namespace dsw
