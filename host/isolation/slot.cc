// SPDX-License-Identifier: Apache-2.0
#include "host/isolation/slot.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace dsw {
namespace {

constexpr std::uint64_t kGraceNs = 1'000'000'000;
/// How often a call is looked at whose cancellation nothing announces.
constexpr int kPollMs = 50;

bool IsCancelled(const CallLimits& limits) {
  return limits.call != nullptr && limits.call->cancelled(limits.call) != 0;
}

/// Milliseconds from now to `when`, rounded up; -1 for 0, which is never.
int MillisecondsUntil(std::uint64_t when) {
  if (when == 0) return -1;
  const std::uint64_t now = MonotonicNanoseconds();
  if (when <= now) return 0;
  constexpr std::uint64_t kLongest = 60'000;
  return static_cast<int>(std::min((when - now) / 1'000'000 + 1, kLongest));
}

}  // namespace

std::uint64_t MonotonicNanoseconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

Result<std::unique_ptr<Slot>> Slot::Create() {
  ASSIGN_OR_RETURN(std::unique_ptr<Arena> arena, Arena::Create());
  int sockets[2] = {-1, -1};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) {
    return Fail(Code::kUnavailable, "no socket: " + std::generic_category().message(errno));
  }
  // A peer that does not read must not hold up who writes.
  fcntl(sockets[0], F_SETFL, O_NONBLOCK);
  const int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (event < 0) {
    const int error = errno;
    for (const int socket : sockets) close(socket);
    return Fail(Code::kUnavailable, "no event: " + std::generic_category().message(error));
  }
  return std::unique_ptr<Slot>(new Slot(sockets[0], sockets[1], event, std::move(arena)));
}

Slot::~Slot() {
  ClosePeer();
  close(event_);
  close(socket_);
}

void Slot::ClosePeer() {
  if (peer_ >= 0) close(peer_);
  peer_ = -1;
}

void Slot::Begin() {
  arena_->Reset();
  cancelled_ = false;
  give_up_ns_ = 0;
  std::atomic_ref<std::uint32_t>(arena_->header().cancelled).store(0);
  eventfd_t ignored = 0;
  eventfd_read(event_, &ignored);
}

void Slot::RaiseCancel() {
  cancelled_ = true;
  give_up_ns_ = MonotonicNanoseconds() + kGraceNs;
  std::atomic_ref<std::uint32_t>(arena_->header().cancelled).store(1);
  eventfd_write(event_, 1);
}

bool Slot::SendMessage(wire::Kind kind, wire::Writer& writer, std::optional<std::uint64_t>* block) {
  wire::Head head{
      .kind = static_cast<std::uint32_t>(kind), .flags = 0, .offset = 0, .size = writer.size()};
  if (writer.size() > wire::kInlineBytes) {
    head.flags = wire::kInArena;
    head.offset = arena_->Allocate(writer.size()).value();
    if (block != nullptr) *block = head.offset;
  }
  return wire::Send(socket_, head, writer.view());
}

Slot::End Slot::Call(const CallLimits& limits, const Fill& fill, Services& services,
                     std::string& result) {
  wire::Writer writer(arena_->At(arena_->free_offset()), arena_->free_size());
  fill(writer);
  if (writer.full()) return End::kTooLarge;
  if (!SendMessage(wire::Kind::kCall, writer, nullptr)) return End::kDied;
  return ServeMessages(limits, services, result);
}

bool Slot::Reply(const Fill& fill, std::optional<std::uint64_t>* block) {
  wire::Writer writer(arena_->At(arena_->free_offset()), arena_->free_size());
  fill(writer);
  if (writer.full()) return false;
  replied_ = true;
  // Whether the peer is still there shows when the next message is waited for.
  (void)SendMessage(wire::Kind::kReply, writer, block);
  return true;
}

Slot::Wait Slot::WaitForMessage(const CallLimits& limits) {
  while (true) {
    if (!cancelled_ && (IsCancelled(limits) || MillisecondsUntil(limits.deadline_mono_ns) == 0)) {
      RaiseCancel();
    }
    int timeout = MillisecondsUntil(cancelled_ ? give_up_ns_ : limits.deadline_mono_ns);
    if (cancelled_ && timeout == 0) return Wait::kOverdue;
    // A descriptor that is already readable would wake it up for ever.
    const int cancel_fd = limits.call == nullptr || cancelled_ ? -1 : limits.call->cancel_fd;
    if (limits.call != nullptr && !cancelled_ && cancel_fd < 0) {
      timeout = timeout < 0 ? kPollMs : std::min(timeout, kPollMs);
    }
    pollfd polled[2] = {{socket_, POLLIN, 0}, {cancel_fd, POLLIN, 0}};
    if (poll(polled, 2, timeout) < 0 && errno != EINTR) return Wait::kDied;
    if (polled[0].revents == 0) continue;
    const wire::Received received = wire::Receive(socket_, datagram_, false);
    if (received == wire::Received::kMessage) return Wait::kMessage;
    if (received == wire::Received::kClosed) return Wait::kDied;
  }
}

Slot::End Slot::ServeMessages(const CallLimits& limits, Services& services, std::string& result) {
  while (true) {
    const Wait waited = WaitForMessage(limits);
    if (waited == Wait::kDied) return End::kDied;
    if (waited == Wait::kOverdue) return End::kOverdue;
    const wire::Head head = datagram_.head;
    std::string_view content(datagram_.content, datagram_.inline_size);
    if ((head.flags & wire::kInArena) != 0) {
      if (!Arena::InPluginHalf(head.offset, head.size)) return End::kBroken;
      arena_->NotePluginUse(head.offset + head.size);
      copy_.assign(arena_->At(head.offset), head.size);
      content = copy_;
    }
    const auto kind = static_cast<wire::Kind>(head.kind);
    if (kind == wire::Kind::kDone) {
      result = content;
      return End::kDone;
    }
    wire::Reader reader(content);
    replied_ = false;
    if (!services.Serve(*this, kind, reader) || reader.bad()) return End::kBroken;
    const bool answer = (head.flags & wire::kWantsReply) != 0;
    if (answer && !replied_) Reply([](wire::Writer&) {});
  }
}

}  // namespace dsw
