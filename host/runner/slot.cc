// SPDX-License-Identifier: Apache-2.0
#include "host/runner/slot.h"

#include <atomic>

#include <sys/mman.h>
#include <unistd.h>

#include "host/runner/connection.h"

namespace dsw::runner {
namespace {

thread_local Slot* current = nullptr;

}  // namespace

Slot* Slot::Open(const int (&fds)[wire::kMostFds]) {
  void* const arena =
      mmap(nullptr, wire::kArenaBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fds[1], 0);
  close(fds[1]);
  if (arena == MAP_FAILED) return nullptr;
  return new Slot(fds[0], static_cast<char*>(arena), fds[2]);
}

Slot* Slot::Current() {
  return current;
}

bool Slot::cancelled() const {
  auto& header = *reinterpret_cast<wire::ArenaHeader*>(arena_);
  return std::atomic_ref<std::uint32_t>(header.cancelled).load() != 0;
}

std::string_view Slot::ContentOf(const wire::Datagram& datagram) const {
  if ((datagram.head.flags & wire::kInArena) == 0) {
    return {datagram.content, datagram.inline_size};
  }
  return {arena_ + datagram.head.offset, datagram.head.size};
}

Slot::Sent Slot::SendMessage(wire::Kind kind, std::uint32_t flags, const Fill& fill) {
  wire::Writer writer(arena_ + wire::kPluginHalf, wire::kHalfBytes);
  fill(writer);
  if (writer.full()) return Sent::kTooLarge;
  wire::Head head{.kind = static_cast<std::uint32_t>(kind),
                  .flags = flags,
                  .offset = wire::kPluginHalf,
                  .size = writer.size()};
  if (writer.size() > wire::kInlineBytes) head.flags |= wire::kInArena | wire::kWantsReply;
  if (!wire::Send(socket_, head, writer.view())) Leave();
  return (head.flags & wire::kWantsReply) != 0 ? Sent::kAnswered : Sent::kAlone;
}

void Slot::Post(wire::Kind kind, const Fill& fill) {
  const std::lock_guard lock(mutex_);
  if (!active_ || SendMessage(kind, 0, fill) != Sent::kAnswered) return;
  wire::Datagram answer;
  if (wire::Receive(socket_, answer, true) != wire::Received::kMessage) Leave();
}

bool Slot::Ask(wire::Kind kind, const Fill& fill, const Use& use) {
  const std::lock_guard lock(mutex_);
  if (!active_ || SendMessage(kind, wire::kWantsReply, fill) != Sent::kAnswered) return false;
  wire::Datagram answer;
  if (wire::Receive(socket_, answer, true) != wire::Received::kMessage) Leave();
  wire::Reader reader(ContentOf(answer));
  use(reader, (answer.head.flags & wire::kInArena) != 0);
  return true;
}

void Slot::Serve(const Handler& handler) {
  current = this;
  const auto set_active = [this](bool active) {
    const std::lock_guard lock(mutex_);
    active_ = active;
  };
  wire::Datagram call;
  while (wire::Receive(socket_, call, true) == wire::Received::kMessage) {
    ++call_number_;
    set_active(true);
    wire::Reader reader(ContentOf(call));
    // Results are few bytes whatever the call: bulk goes through what the host lends.
    char memory[wire::kInlineBytes];
    wire::Writer done(memory, sizeof memory);
    handler(*this, reader, done);
    set_active(false);
    const wire::Head head{.kind = static_cast<std::uint32_t>(wire::Kind::kDone),
                          .flags = 0,
                          .offset = 0,
                          .size = done.size()};
    if (!wire::Send(socket_, head, done.view())) Leave();
  }
  Leave();
}

}  // namespace dsw::runner
