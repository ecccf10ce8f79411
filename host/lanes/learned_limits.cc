// SPDX-License-Identifier: Apache-2.0
#include "host/lanes/learned_limits.h"

#include <algorithm>
#include <cmath>

namespace dsw {
namespace {

std::uint64_t TokensOf(std::uint64_t bytes, double bytes_per_token) {
  return static_cast<std::uint64_t>(std::ceil(static_cast<double>(bytes) / bytes_per_token));
}

}  // namespace

bool BatchMeter::Add(std::size_t text_bytes) {
  const std::uint64_t bytes = bytes_ + text_bytes;
  const std::uint64_t tokens = tokens_ + TokensOf(text_bytes, limits_.bytes_per_token);
  if (chunks_ > 0 && (chunks_ >= limits_.chunks || (limits_.bytes > 0 && bytes > limits_.bytes) ||
                      (limits_.tokens > 0 && tokens > limits_.tokens))) {
    return false;
  }
  ++chunks_;
  bytes_ = bytes;
  tokens_ = tokens;
  return true;
}

BatchLimits LearnedLimits::Tighten(BatchLimits limits) const {
  const std::lock_guard lock(mutex_);
  limits.chunks = Tighter<std::size_t>(limits.chunks, chunks_);
  limits.bytes = Tighter(Tighter(limits.bytes, bytes_), bytes_in_time_);
  limits.tokens = Tighter(limits.tokens, tokens_);
  for (const double known : {BilledBytesPerToken(), counted_bytes_per_token_}) {
    if (known > 0) limits.bytes_per_token = std::min(limits.bytes_per_token, known);
  }
  return limits;
}

void LearnedLimits::Refused(const Error& error, std::size_t chunks, std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (!error.limit) {
    // Which limit it was is not known. Three quarters get there in a few steps without falling far
    // below it.
    if (chunks > 1) bytes_ = Tighter(bytes_, std::max<std::uint64_t>(1, bytes / 4 * 3));
    return;
  }
  const auto allowed = static_cast<std::uint64_t>(std::max<std::int64_t>(1, error.limit->allowed));
  switch (error.limit->unit) {
    case SizeLimit::Unit::kItems:
      chunks_ = Tighter(chunks_, allowed);
      break;
    case SizeLimit::Unit::kBytes: {
      // What the peer counts is larger than the text: quotes, escapes, the rest of the body.
      const auto asked = static_cast<std::uint64_t>(std::max<std::int64_t>(0, error.limit->asked));
      const double share =
          asked > bytes ? static_cast<double>(bytes) / static_cast<double>(asked) : 1.0;
      const auto of_text = static_cast<std::uint64_t>(static_cast<double>(allowed) * share);
      bytes_ = Tighter(bytes_, std::max<std::uint64_t>(1, of_text));
      break;
    }
    case SizeLimit::Unit::kTokens:
      tokens_ = Tighter(tokens_, allowed);
      if (error.limit->asked > 0 && bytes > 0) {
        const double counted = static_cast<double>(bytes) / static_cast<double>(error.limit->asked);
        counted_bytes_per_token_ =
            counted_bytes_per_token_ > 0 ? std::min(counted_bytes_per_token_, counted) : counted;
      }
      break;
  }
}

void LearnedLimits::Used(std::uint64_t bytes, std::int64_t tokens) {
  constexpr double kKeep = 0.9;
  if (tokens <= 0 || bytes == 0) return;
  const std::lock_guard lock(mutex_);
  billed_bytes_ = kKeep * billed_bytes_ + static_cast<double>(bytes);
  billed_tokens_ = kKeep * billed_tokens_ + static_cast<double>(tokens);
}

void LearnedLimits::Took(std::uint64_t bytes, std::chrono::nanoseconds took,
                         std::chrono::nanoseconds timeout) {
  // Half of the time is left for texts that take longer than others of their size.
  const auto half = std::chrono::duration<double>(timeout) / 2;
  const double share = half / std::max(std::chrono::duration<double>(took), half / 1e6);
  const auto fits = static_cast<std::uint64_t>(static_cast<double>(bytes) * share);
  const std::lock_guard lock(mutex_);
  if (took > half) {
    bytes_in_time_ = Tighter(bytes_in_time_, std::max<std::uint64_t>(1, fits));
    return;
  }
  // Upwards by what a call proved, and in steps: it may have been a quick one.
  if (bytes_in_time_ == 0 || fits <= bytes_in_time_) return;
  constexpr std::uint64_t kFar = 8;
  const std::uint64_t step =
      fits / kFar >= bytes_in_time_ ? 3 * bytes_in_time_ : bytes_in_time_ / kFar + 1;
  bytes_in_time_ = std::min(fits, bytes_in_time_ + step);
}

void LearnedLimits::TimedOut(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  bytes_in_time_ = std::max<std::uint64_t>(1, Tighter(bytes_in_time_, bytes) / 2);
}

std::uint64_t LearnedLimits::LikelyTokens(std::uint64_t bytes, double otherwise) const {
  const std::lock_guard lock(mutex_);
  const double billed = BilledBytesPerToken();
  return TokensOf(bytes, billed > 0 ? billed : otherwise);
}

double LearnedLimits::BilledBytesPerToken() const {
  return billed_tokens_ > 0 ? billed_bytes_ / billed_tokens_ : 0;
}

}  // namespace dsw
