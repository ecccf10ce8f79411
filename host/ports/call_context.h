// SPDX-License-Identifier: Apache-2.0
//
// The circumstances of a call into a plugin.
#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>

namespace dsw {

struct CallContext {
  std::string job_id;           ///< For logs; empty outside jobs.
  std::string idempotency_key;  ///< The same for every try of one unit of work.
  std::string traceparent;      ///< W3C trace context, or empty.
  std::uint32_t attempt = 1;
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  std::stop_token cancel;
};

}  // namespace dsw
