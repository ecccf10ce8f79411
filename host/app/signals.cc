// SPDX-License-Identifier: Apache-2.0
#include "host/app/signals.h"

#include <csignal>
#include <ctime>

namespace dsw {
namespace {

sigset_t StopSignalSet() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

}  // namespace

StopSignalWaiter::StopSignalWaiter() {
  const sigset_t set = StopSignalSet();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

bool StopSignalWaiter::Wait(std::chrono::milliseconds most) {
  const sigset_t set = StopSignalSet();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(most);
  const timespec timeout{.tv_sec = seconds.count(),
                         .tv_nsec = std::chrono::nanoseconds(most - seconds).count()};
  return sigtimedwait(&set, nullptr, &timeout) > 0;
}

}  // namespace dsw
