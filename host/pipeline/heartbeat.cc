// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/heartbeat.h"

#include <condition_variable>
#include <mutex>

#include "host/base/log.h"

namespace dsw {

Heartbeat::Heartbeat(Delivery& delivery, std::chrono::milliseconds interval)
    : thread_([&delivery, interval](const std::stop_token& stop) {
        std::mutex mutex;
        std::condition_variable_any wake;
        std::unique_lock lock(mutex);
        while (true) {
          wake.wait_for(lock, stop, interval, [] { return false; });
          if (stop.stop_requested()) return;
          if (const Status sent = delivery.InProgress(); !sent) {
            Log(LogLevel::kWarn, "pipeline", "cannot tell the queue that a job is in progress",
                {{"error", sent.error().message}});
          }
        }
      }) {}

}  // namespace dsw
