// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/targets.h"

namespace dsw {

const std::vector<FuzzTarget>& FuzzTargets() {
  static const std::vector<FuzzTarget> all = [] {
    std::vector<FuzzTarget> targets;
    for (const auto& part : {HostTargets(), IsolationTargets(), ProviderTargets(), SinkTargets()}) {
      targets.insert(targets.end(), part.begin(), part.end());
    }
    return targets;
  }();
  return all;
}

}  // namespace dsw
