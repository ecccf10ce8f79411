// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/deadline_keeper.h"

#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

namespace dsw {

SocketHandle::SocketHandle(int socket) : socket_(fcntl(socket, F_DUPFD_CLOEXEC, 0)) {
  if (socket_ < 0) {
    throw std::system_error(errno, std::generic_category(), "cannot watch a connection");
  }
}

SocketHandle::~SocketHandle() {
  close(socket_);
}

void SocketHandle::Shutdown() const {
  shutdown(socket_, SHUT_RDWR);
}

Result<std::unique_ptr<DeadlineKeeper>> DeadlineKeeper::Start() {
  std::unique_ptr<DeadlineKeeper> keeper(new DeadlineKeeper);
  try {
    keeper->thread_ =
        std::jthread([raw = keeper.get()](const std::stop_token& stop) { raw->Run(stop); });
  } catch (const std::system_error& error) {
    return Fail(Code::kUnavailable,
                fmt::format("cannot start a thread to watch the database's answers: {}",
                            error.code().message()));
  }
  return keeper;
}

DeadlineKeeper::~DeadlineKeeper() = default;

void DeadlineKeeper::Run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const TimePoint now = std::chrono::steady_clock::now();
    for (const auto& [deadline, call] : calls_) {
      if (deadline > now) break;
      call->End(Ended::kOverdue);
    }
    const auto next = calls_.upper_bound({now, nullptr});
    // Waiting for the end of time overflows in some versions of the library.
    wakes_ = next == calls_.end() ? now + std::chrono::hours(1) : next->first;
    const TimePoint wakes = wakes_;
    changed_.wait_until(lock, stop, wakes, [&] { return wakes_ != wakes; });
  }
}

void DeadlineKeeper::Cancel() {
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  for (const auto& [deadline, call] : calls_) call->End(Ended::kCancelled);
}

DeadlineKeeper::Call::Call(DeadlineKeeper& keeper, std::shared_ptr<const SocketHandle> socket,
                           TimePoint deadline)
    : keeper_(keeper), socket_(std::move(socket)), deadline_(deadline) {
  const std::lock_guard lock(keeper_.mutex_);
  keeper_.calls_.emplace(deadline_, this);
  if (keeper_.cancelled_) End(Ended::kCancelled);
  if (deadline_ < keeper_.wakes_) {
    keeper_.wakes_ = deadline_;
    keeper_.changed_.notify_one();
  }
}

DeadlineKeeper::Call::~Call() {
  const std::lock_guard lock(keeper_.mutex_);
  keeper_.calls_.erase({deadline_, this});
}

void DeadlineKeeper::Call::End(Ended why) {
  Ended not_yet = Ended::kNot;
  if (ended_.compare_exchange_strong(not_yet, why)) socket_->Shutdown();
}

}  // namespace dsw
