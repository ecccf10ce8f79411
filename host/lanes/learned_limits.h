// SPDX-License-Identifier: Apache-2.0
//
// How much of what fits into a call: as configured, as the provider says, and as it turned out.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>

#include "host/base/result.h"

namespace dsw {

/// What a call may hold. A text that is over a limit by itself is a call by itself.
struct BatchLimits {
  std::size_t chunks = 100;      ///< At least 1.
  std::uint64_t bytes = 0;       ///< Of text; 0 for any amount.
  std::uint64_t tokens = 0;      ///< Estimated; 0 for any amount.
  double bytes_per_token = 4.0;  ///< To estimate with, on the safe side.
};

/// Adds up texts until they reach the limits. Belongs to one thread at a time.
class BatchMeter {
 public:
  explicit BatchMeter(const BatchLimits& limits) : limits_(limits) {}
  /// Adds a text of so many bytes, unless it does not fit; the first always does.
  bool Add(std::size_t text_bytes);

  std::size_t chunks() const { return chunks_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  const BatchLimits limits_;
  std::size_t chunks_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t tokens_ = 0;
};

/// The smaller of two limits of which 0 means none.
template <typename T>
constexpr T Tighter(T a, T b) {
  if (a == 0 || b == 0) return a == 0 ? b : a;
  return a < b ? a : b;
}

/// What calls to one model taught. Thread-safe.
class LearnedLimits {
 public:
  /// `limits` made tighter by what is known.
  BatchLimits Tighten(BatchLimits limits) const;
  /// A call with so much text was refused as too large.
  void Refused(const Error& error, std::size_t chunks, std::uint64_t bytes);
  /// A call with so much text was billed so many tokens.
  void Used(std::uint64_t bytes, std::int64_t tokens);
  /// A call with so much text took so long of the `timeout` that it had.
  void Took(std::uint64_t bytes, std::chrono::nanoseconds took, std::chrono::nanoseconds timeout);
  /// A call with so much text, of several, was not answered in time.
  void TimedOut(std::uint64_t bytes);
  /// The likely number of tokens; `otherwise` bytes each as long as nothing is known.
  std::uint64_t LikelyTokens(std::uint64_t bytes, double otherwise) const;

 private:
  mutable std::mutex mutex_;
  /// The average of late, 0 while not known.
  double BilledBytesPerToken() const;

  std::uint64_t chunks_ = 0;  ///< Here and below 0: not known.
  std::uint64_t bytes_ = 0;
  std::uint64_t tokens_ = 0;
  std::uint64_t bytes_in_time_ = 0;     ///< What takes half of the time that a call has.
  double counted_bytes_per_token_ = 0;  ///< The least of those that came with refusals.
  double billed_bytes_ = 0;             ///< Older calls weigh less.
  double billed_tokens_ = 0;
};

}  // namespace dsw
