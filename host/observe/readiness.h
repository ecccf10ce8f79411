// SPDX-License-Identifier: Apache-2.0
//
// Whether the worker can do its work: what is looked at, and what was found.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "host/base/result.h"

namespace dsw {

/// Something that the worker cannot work without. `run` is called from one thread at a time; it
/// may take its time.
struct ReadinessCheck {
  std::string name;
  std::function<Status()> run;
};

struct ReadinessReport {
  struct Finding {
    std::string name;
    Status status;
  };
  bool ready = false;
  std::vector<Finding> findings;
};

}  // namespace dsw
