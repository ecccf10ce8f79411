// SPDX-License-Identifier: Apache-2.0
#include "host/app/shutdown.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "host/base/log.h"

namespace dsw {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Writing the last line may hang as well.
constexpr unsigned kLastWordsSeconds = 1;

sigset_t StopSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

Status Refused(int reason) {
  return Fail(Code::kUnavailable,
              fmt::format("cannot watch for signals: {}", std::generic_category().message(reason)));
}

}  // namespace

Result<std::unique_ptr<Shutdown>> Shutdown::Watch(ShutdownOptions options) {
  std::unique_ptr<Shutdown> shutdown(new Shutdown(std::move(options)));
  RETURN_IF_ERROR(shutdown->Open());
  return shutdown;
}

Shutdown::Shutdown(ShutdownOptions options) : options_(std::move(options)) {}

Status Shutdown::Open() {
  const sigset_t set = StopSignals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGALRM, SIG_DFL);
  signals_ = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (signals_ < 0 || wake_ < 0) return Refused(errno);
  try {
    thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
  } catch (const std::system_error& error) {
    return Refused(error.code().value());
  }
  return {};
}

Shutdown::~Shutdown() {
  if (thread_.joinable()) {
    thread_.request_stop();
    eventfd_write(wake_, 1);
    thread_.join();
  }
  if (signals_ >= 0) close(signals_);
  if (wake_ >= 0) close(wake_);
}

void Shutdown::Enter(std::string_view phase) {
  const std::lock_guard lock(mutex_);
  phase_ = phase;
}

void Shutdown::Begin() {
  TimePoint not_yet = TimePoint::max();
  if (!patience_ends_.compare_exchange_strong(not_yet, steady_clock::now() + options_.patience)) {
    return;
  }
  eventfd_write(wake_, 1);
  stop_.request_stop();
}

bool Shutdown::Wait(milliseconds most) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, token(), most, [] { return false; });
  return stop_.stop_requested();
}

void Shutdown::Run(const std::stop_token& stop) {
  std::array<pollfd, 2> events = {{{signals_, POLLIN, 0}, {wake_, POLLIN, 0}}};
  bool begun = false;
  while (!stop.stop_requested()) {
    int timeout = -1;
    if (const TimePoint ends = patience_ends_; ends != TimePoint::max()) {
      const auto left =
          std::chrono::ceil<milliseconds>(ends + options_.grace - steady_clock::now());
      if (left.count() <= 0) EndProcess();
      timeout = static_cast<int>(left.count());
    }
    poll(events.data(), events.size(), timeout);
    eventfd_t wakes = 0;
    eventfd_read(wake_, &wakes);
    signalfd_siginfo signal{};
    while (read(signals_, &signal, sizeof signal) == sizeof signal) {
      if (std::exchange(begun, true)) _exit(1);
      Begin();
    }
  }
}

void Shutdown::EndProcess() {
  alarm(kLastWordsSeconds);
  std::string_view phase;
  {
    const std::lock_guard lock(mutex_);
    phase = phase_;
  }
  std::vector<std::string> running;
  if (options_.still_running) running = options_.still_running();
  Log(LogLevel::kError, "app",
      "shutting down takes too long: the process ends now, what is not recorded is done again",
      {{"phase", std::string(phase)},
       {"calls",
        running.empty() ? "none into plugins" : fmt::format("{}", fmt::join(running, "; "))}});
  _exit(1);
}

}  // namespace dsw
