// SPDX-License-Identifier: Apache-2.0
//
// Keeps a delivery ours for as long as its job runs.
#pragma once

#include <chrono>
#include <thread>

#include "host/ports/job_queue.h"

namespace dsw {

/// Sends in-progress signs for `delivery` every `interval`, from a thread of its own, until it is
/// destroyed. A sign that cannot be sent is logged; the queue may then hand the job to another
/// worker, which costs work but no data.
class Heartbeat {
 public:
  Heartbeat(Delivery& delivery, std::chrono::milliseconds interval);

 private:
  std::jthread thread_;
};

}  // namespace dsw
