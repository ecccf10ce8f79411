// SPDX-License-Identifier: Apache-2.0
//
// Notices when files come, change or go in the plugin directories.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace dsw {

/// Calls back on a thread of its own, which ends when this does. Thread-safe.
class PluginWatch {
 public:
  /// How long it has to be quiet after a change, and what is waited for that at most.
  static constexpr std::chrono::milliseconds kSettle{200};
  static constexpr std::chrono::milliseconds kLongestSettle{2'000};

  /// Null, with a line that says so, when the system cannot tell of changes. Directories that are
  /// not there are passed over. `changed` is called once for changes that follow each other: files
  /// that were closed after writing, renamed, removed or given other rights.
  static std::unique_ptr<PluginWatch> Start(const std::vector<std::filesystem::path>& directories,
                                            std::function<void()> changed);
  PluginWatch(const PluginWatch&) = delete;
  PluginWatch& operator=(const PluginWatch&) = delete;
  /// Waits for a call that is under way.
  ~PluginWatch();

 private:
  PluginWatch(int events, int wake, std::function<void()> changed);
  void Run();
  /// False when told to end.
  bool WaitForEvents(int timeout_ms, bool& any) const;

  const int events_;
  const int wake_;
  const std::function<void()> changed_;
  std::thread thread_;
};

}  // namespace dsw
