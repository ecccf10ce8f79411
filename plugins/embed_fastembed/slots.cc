// SPDX-License-Identifier: Apache-2.0
// A counting semaphore with a queue of tickets, so that nobody is overtaken.
#include "plugins/embed_fastembed/slots.h"

#include <algorithm>
#include <chrono>

namespace dsw::fastembed {

Slots::Holder Slots::Acquire(unsigned limit, const std::function<void()>& check) {
  std::unique_lock<std::mutex> lock(mutex_);
  const std::uint64_t ticket = next_ticket_++;
  waiting_.push_back(ticket);
  const auto my_turn = [&] { return waiting_.front() == ticket && taken_ < limit; };
  while (!changed_.wait_for(lock, std::chrono::milliseconds(50), my_turn)) {
    lock.unlock();
    try {
      check();
    } catch (...) {
      lock.lock();
      waiting_.erase(std::find(waiting_.begin(), waiting_.end(), ticket));
      changed_.notify_all();
      throw;
    }
    lock.lock();
  }
  waiting_.pop_front();
  ++taken_;
  changed_.notify_all();
  return Holder(*this);
}

void Slots::Release() {
  const std::lock_guard<std::mutex> lock(mutex_);
  --taken_;
  changed_.notify_all();
}

}  // namespace dsw::fastembed
