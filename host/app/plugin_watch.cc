// SPDX-License-Identifier: Apache-2.0
#include "host/app/plugin_watch.h"

#include <array>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "host/base/log.h"

namespace dsw {
namespace {

/// Not IN_CREATE, after which a file still is written; so a link that is made is noticed with the
/// next change, or by hand.
constexpr std::uint32_t kEvents =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB | IN_ONLYDIR;

void LogBlind(const std::string& what, int error) {
  Log(LogLevel::kWarn, "app",
      "changes in the plugin directories are not noticed by themselves: `worker-datasets plugins "
      "reload` brings them into effect",
      {{"what", what}, {"reason", std::generic_category().message(error)}});
}

}  // namespace

std::unique_ptr<PluginWatch> PluginWatch::Start(
    const std::vector<std::filesystem::path>& directories, std::function<void()> changed) {
  const int events = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  const int wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (events < 0 || wake < 0) {
    LogBlind("inotify", errno);
    if (events >= 0) close(events);
    if (wake >= 0) close(wake);
    return nullptr;
  }
  for (const std::filesystem::path& directory : directories) {
    if (inotify_add_watch(events, directory.c_str(), kEvents) < 0 && errno != ENOENT) {
      LogBlind(directory.string(), errno);
    }
  }
  return std::unique_ptr<PluginWatch>(new PluginWatch(events, wake, std::move(changed)));
}

PluginWatch::PluginWatch(int events, int wake, std::function<void()> changed)
    : events_(events), wake_(wake), changed_(std::move(changed)), thread_([this] { Run(); }) {}

PluginWatch::~PluginWatch() {
  eventfd_write(wake_, 1);
  thread_.join();
  close(events_);
  close(wake_);
}

bool PluginWatch::WaitForEvents(int timeout_ms, bool& any) const {
  std::array<pollfd, 2> polled = {{{events_, POLLIN, 0}, {wake_, POLLIN, 0}}};
  any = poll(polled.data(), polled.size(), timeout_ms) > 0;
  if (polled[1].revents != 0) return false;
  alignas(inotify_event) std::array<char, 4096> bytes;
  while (read(events_, bytes.data(), bytes.size()) > 0) {
  }
  return true;
}

void PluginWatch::Run() {
  bool any = false;
  while (WaitForEvents(-1, any)) {
    if (!any) continue;
    const auto give_up = std::chrono::steady_clock::now() + kLongestSettle;
    while (any && std::chrono::steady_clock::now() < give_up) {
      if (!WaitForEvents(static_cast<int>(kSettle.count()), any)) return;
    }
    changed_();
  }
}

}  // namespace dsw
