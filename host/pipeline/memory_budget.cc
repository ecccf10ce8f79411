// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/memory_budget.h"

namespace dsw {

MemoryBudget::Share MemoryBudget::Take(std::uint64_t bytes, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const bool free =
      returned_.wait(lock, stop, [&] { return taken_ == 0 || taken_ + bytes <= bytes_; });
  if (!free) return nullptr;
  taken_ += bytes;
  return Share(this, [bytes](void* budget) {
    auto* const self = static_cast<MemoryBudget*>(budget);
    {
      const std::lock_guard release(self->mutex_);
      self->taken_ -= bytes;
    }
    self->returned_.notify_all();
  });
}

}  // namespace dsw
