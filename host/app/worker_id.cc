// SPDX-License-Identifier: Apache-2.0
#include "host/app/worker_id.h"

#include <array>

#include <fmt/format.h>
#include <unistd.h>

namespace dsw {

std::string WorkerId() {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) return fmt::format("?/{}", getpid());
  return fmt::format("{}/{}", host.data(), getpid());
}

}  // namespace dsw
