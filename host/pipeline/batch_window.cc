// SPDX-License-Identifier: Apache-2.0
#include "host/pipeline/batch_window.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

namespace dsw {

BatchWindow::BatchWindow(int size) : size_(static_cast<std::size_t>(std::max(1, size))) {}

BatchWindow::~BatchWindow() {
  (void)Finish();
}

void BatchWindow::AwaitRoom(const std::function<bool()>& crowded) {
  // Whoever leaves the line does not tell; a look now and then is cheap.
  constexpr std::chrono::milliseconds kLook{10};
  std::unique_lock lock(mutex_);
  while (!failure_ && (next_ || busy_ >= size_ || (busy_ > 0 && crowded()))) {
    changed_.wait_for(lock, kLook);
  }
}

void BatchWindow::Run(std::function<Status()> batch) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return !next_ && busy_ < size_; });
  if (failure_) return;
  next_ = std::move(batch);
  if (busy_ == threads_.size() && threads_.size() < size_)
    threads_.emplace_back([this] { Work(); });
  changed_.notify_all();
}

bool BatchWindow::failed() const {
  const std::lock_guard lock(mutex_);
  return failure_.has_value();
}

Status BatchWindow::Finish() {
  {
    std::unique_lock lock(mutex_);
    ending_ = true;
    changed_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  const std::lock_guard lock(mutex_);
  ending_ = false;
  if (failure_) return Fail(*failure_);
  return {};
}

void BatchWindow::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return next_ || ending_; });
    if (!next_) return;
    std::function<Status()> batch = *std::exchange(next_, std::nullopt);
    ++busy_;
    changed_.notify_all();
    lock.unlock();
    Status done;
    try {
      done = batch();
    } catch (const std::exception& exception) {
      done = Fail(Code::kInternal, exception.what());
    }
    batch = nullptr;
    lock.lock();
    --busy_;
    if (!done) Keep(std::move(done.error()));
    changed_.notify_all();
  }
}

void BatchWindow::Keep(Error error) {
  if (!failure_ || (failure_->code == Code::kCancelled && error.code != Code::kCancelled)) {
    failure_ = std::move(error);
  }
}

}  // namespace dsw
