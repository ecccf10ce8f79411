// SPDX-License-Identifier: Apache-2.0
#include "host/isolation/wire_socket.h"

#include <cerrno>
#include <cstring>

#include <sys/socket.h>
#include <unistd.h>

namespace dsw::wire {
namespace {

void TakeFds(msghdr& message, Datagram& datagram) {
  for (int& fd : datagram.fds) fd = -1;
  std::size_t taken = 0;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
      if (taken < kMostFds) {
        datagram.fds[taken++] = fd;
      } else {
        close(fd);
      }
    }
  }
}

Received ReceiveMessage(int socket, Datagram& datagram, msghdr& message, int flags) {
  iovec parts[2] = {{&datagram.head, sizeof datagram.head}, {datagram.content, kInlineBytes}};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  ssize_t count = -1;
  do {
    count = recvmsg(socket, &message, flags);
  } while (count < 0 && errno == EINTR);
  if (count < 0) return errno == EAGAIN ? Received::kNothing : Received::kClosed;
  const auto size = static_cast<std::size_t>(count);
  if (size < sizeof(Head) || (message.msg_flags & MSG_TRUNC) != 0) return Received::kClosed;
  datagram.inline_size = size - sizeof(Head);
  const bool in_arena = (datagram.head.flags & kInArena) != 0;
  const std::size_t expected = in_arena ? 0 : datagram.head.size;
  return datagram.inline_size == expected ? Received::kMessage : Received::kClosed;
}

}  // namespace

bool Send(int socket, const Head& head, std::string_view content, std::span<const int> fds) {
  Head copy = head;
  const bool in_arena = (head.flags & kInArena) != 0;
  iovec parts[2] = {{&copy, sizeof copy},
                    {const_cast<char*>(content.data()), in_arena ? 0 : content.size()}};
  msghdr message{};
  message.msg_iov = parts;
  message.msg_iovlen = 2;
  alignas(cmsghdr) char control[CMSG_SPACE(kMostFds * sizeof(int))] = {};
  if (!fds.empty()) {
    const std::size_t bytes = fds.size() * sizeof(int);
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE(bytes);
    cmsghdr* const part = CMSG_FIRSTHDR(&message);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(bytes);
    std::memcpy(CMSG_DATA(part), fds.data(), bytes);
  }
  while (sendmsg(socket, &message, MSG_NOSIGNAL) < 0) {
    if (errno != EINTR) return false;
  }
  return true;
}

Received Receive(int socket, Datagram& datagram, bool wait) {
  msghdr message{};
  return ReceiveMessage(socket, datagram, message, wait ? 0 : MSG_DONTWAIT);
}

Received ReceiveWithFds(int socket, Datagram& datagram) {
  alignas(cmsghdr) char control[CMSG_SPACE(kMostFds * sizeof(int))];
  msghdr message{};
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const Received received = ReceiveMessage(socket, datagram, message, MSG_CMSG_CLOEXEC);
  if (received == Received::kMessage) TakeFds(message, datagram);
  return received;
}

}  // namespace dsw::wire
