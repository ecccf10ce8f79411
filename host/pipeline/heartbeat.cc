// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/heartbeat.h"

#include <condition_variable>
#include <mutex>
#include <utility>

namespace dsw {

Heartbeat::Heartbeat(std::chrono::milliseconds interval, std::function<void()> beat)
    : thread_([interval, beat = std::move(beat)](const std::stop_token& stop) {
        std::mutex mutex;
        std::condition_variable_any wake;
        std::unique_lock lock(mutex);
        while (true) {
          wake.wait_for(lock, stop, interval, [] { return false; });
          if (stop.stop_requested()) return;
          beat();
        }
      }) {}

}  // namespace dsw
