// SPDX-License-Identifier: Apache-2.0
//
// Bytes that the batches in flight of all jobs of a worker may take together.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>

namespace dsw {

/// Thread-safe.
class MemoryBudget {
 public:
  explicit MemoryBudget(std::uint64_t bytes) : bytes_(bytes) {}

  /// Holds the bytes until it is destroyed; outlived by the budget. Null when stopped.
  using Share = std::shared_ptr<void>;
  /// Waits until so many bytes are free. What is over the whole budget is granted when nobody else
  /// holds any.
  Share Take(std::uint64_t bytes, const std::stop_token& stop);

  std::uint64_t bytes() const { return bytes_; }

 private:
  const std::uint64_t bytes_;
  std::mutex mutex_;
  std::condition_variable_any returned_;
  std::uint64_t taken_ = 0;  ///< Guarded by mutex_.
};

}  // namespace dsw
