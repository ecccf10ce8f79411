// SPDX-License-Identifier: Apache-2.0
#include "plugins/sink_qdrant/call_time.h"

#include <algorithm>

#include <poll.h>

namespace dsw::qdrant {

std::uint64_t RemainingMs(const dsw_host& host, const dsw_call& call, std::uint64_t most) {
  if (call.deadline_mono_ns == 0) return most;
  const std::uint64_t now = host.now_mono_ns(&host);
  if (now >= call.deadline_mono_ns) return 0;
  return std::min(most, (call.deadline_mono_ns - now) / 1'000'000);
}

std::uint64_t ServerTimeoutSeconds(const dsw_host& host, const dsw_call& call) {
  constexpr std::uint64_t kMostMs = 375'000;
  return std::max<std::uint64_t>(1, RemainingMs(host, call, kMostMs) * 4 / 5 / 1000);
}

void Wait(const dsw_host& host, const dsw_call& call, std::uint64_t ms) {
  // A descriptor of -1 is ignored.
  pollfd cancelled{call.cancel_fd, POLLIN, 0};
  poll(&cancelled, 1, static_cast<int>(RemainingMs(host, call, ms)));
}

}  // namespace dsw::qdrant
