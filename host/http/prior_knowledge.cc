// SPDX-License-Identifier: Apache-2.0
#include "host/http/prior_knowledge.h"

#include <utility>

namespace dsw {

PriorKnowledge::Role PriorKnowledge::Enter(const std::string& origin, Transfer* transfer,
                                           bool fresh) {
  Origin& state = origins_[origin];
  if (state.opener != nullptr) {
    state.waiting.push_back(transfer);
    return Role::kWait;
  }
  if (state.open && !fresh) return Role::kUse;
  state.opener = transfer;
  return Role::kOpen;
}

std::vector<Transfer*> PriorKnowledge::Opened(const std::string& origin, const Transfer* opener) {
  return Settle(origin, opener, true);
}

std::vector<Transfer*> PriorKnowledge::Failed(const std::string& origin, const Transfer* opener) {
  return Settle(origin, opener, false);
}

std::vector<Transfer*> PriorKnowledge::Settle(const std::string& origin, const Transfer* opener,
                                              bool open) {
  Origin& state = origins_[origin];
  if (state.opener != opener) return {};
  state.opener = nullptr;
  state.open = open;
  return std::exchange(state.waiting, {});
}

void PriorKnowledge::Leave(const std::string& origin, const Transfer* transfer) {
  std::erase(origins_[origin].waiting, transfer);
}

}  // namespace dsw
