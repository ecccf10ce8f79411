// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/range_slots.h"

namespace dsw {

Result<RangeSlots::Slot> RangeSlots::Take(std::int64_t dataset_transform_id) {
  const std::lock_guard lock(mutex_);
  int& taken = taken_[dataset_transform_id];
  if (taken >= most_) {
    return Fail(Error{.code = Code::kHeld,
                      .message = "this worker is at other ranges of the job",
                      .retry_after = std::chrono::seconds(1)});
  }
  ++taken;
  return Slot(this, [dataset_transform_id](void* slots) {
    auto* const self = static_cast<RangeSlots*>(slots);
    const std::lock_guard release(self->mutex_);
    if (--self->taken_[dataset_transform_id] == 0) self->taken_.erase(dataset_transform_id);
  });
}

}  // namespace dsw
