// SPDX-License-Identifier: Apache-2.0
//
// Batches in flight: a bounded number of threads that each run one batch at a time, so that while
// one batch is uploaded others are being embedded, and memory is bounded by the window.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "host/base/result.h"

namespace dsw {

/// Belongs to one thread at a time, which may destroy it while batches run: it then waits for them.
class BatchWindow {
 public:
  /// At most `size` batches in flight, and at least one.
  explicit BatchWindow(int size);
  ~BatchWindow();
  BatchWindow(const BatchWindow&) = delete;
  BatchWindow& operator=(const BatchWindow&) = delete;

  /// Waits until another batch may be run: while all threads are busy, or while `crowded` says that
  /// one more would only stand in line. Not once a batch failed.
  void AwaitRoom(const std::function<bool()>& crowded);
  /// Runs `batch` on a thread of the window; waits while all of them are busy. Once a batch failed,
  /// no further one is run.
  void Run(std::function<Status()> batch);
  /// True once a batch failed. Those in flight go on to their own end.
  bool failed() const;
  /// Waits for all batches; the first failure, preferring those that are not mere cancellations.
  Status Finish();

 private:
  void Work();
  void Keep(Error error);

  const std::size_t size_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<std::function<Status()>> next_;
  std::size_t busy_ = 0;
  bool ending_ = false;
  std::optional<Error> failure_;
  std::vector<std::thread> threads_;
};

}  // namespace dsw
