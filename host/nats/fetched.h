// SPDX-License-Identifier: Apache-2.0
//
// The messages of a fetch.
#pragma once

#include <utility>

#include "host/nats/handles.h"

namespace dsw {

/// Each message is freed unless it is taken.
class Fetched {
 public:
  Fetched() = default;
  Fetched(const Fetched&) = delete;
  Fetched& operator=(const Fetched&) = delete;
  ~Fetched() { natsMsgList_Destroy(&list_); }

  natsMsgList* list() { return &list_; }
  /// Null when there is none.
  NatsMsgHandle TakeFirst() {
    if (list_.Count == 0) return nullptr;
    return NatsMsgHandle(std::exchange(list_.Msgs[0], nullptr));
  }

 private:
  natsMsgList list_{};
};

}  // namespace dsw
