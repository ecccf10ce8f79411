// SPDX-License-Identifier: Apache-2.0
#include "host/http/body_buffer.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

#include "host/ports/http_client.h"

namespace dsw {
namespace {

constexpr std::size_t kFirstCapacity = 4096;
/// The allocator keeps smaller ones by itself.
constexpr std::size_t kWorthKeeping = 64u << 10;
constexpr std::size_t kMaxKeptBytes = 32u << 20;

}  // namespace

bool BodyBuffer::Reserve(std::size_t bytes) {
  if (bytes <= capacity_ && memory_ != nullptr) return true;
  const std::size_t capacity = std::max({bytes, 2 * capacity_, kFirstCapacity});
  void* const grown = std::realloc(memory_.get(), capacity + HttpResponse::kBodyPadding);
  if (grown == nullptr) return false;
  static_cast<void>(memory_.release());
  memory_.reset(static_cast<char*>(grown));
  capacity_ = capacity;
  return true;
}

bool BodyBuffer::Append(std::string_view bytes) {
  if (!Reserve(size_ + bytes.size())) return false;
  std::memcpy(memory_.get() + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
  return true;
}

bool BodyBuffer::Pad() {
  if (!Reserve(size_)) return false;
  std::memset(memory_.get() + size_, 0, HttpResponse::kBodyPadding);
  return true;
}

BodyBuffer BodyBufferPool::Take(std::size_t expected) {
  if (expected > 0 && expected < kWorthKeeping) return {};
  const std::lock_guard lock(mutex_);
  if (buffers_.empty()) return {};
  const auto best = expected == 0 ? std::prev(buffers_.end())
                                  : std::find_if(buffers_.begin(), buffers_.end(),
                                                 [expected](const BodyBuffer& buffer) {
                                                   return buffer.capacity() >= expected;
                                                 });
  if (best == buffers_.end()) return {};
  BodyBuffer taken = std::move(*best);
  buffers_.erase(best);
  bytes_ -= taken.capacity();
  return taken;
}

void BodyBufferPool::Give(BodyBuffer buffer) {
  if (buffer.capacity() < kWorthKeeping) return;
  buffer.Clear();
  const std::lock_guard lock(mutex_);
  if (bytes_ + buffer.capacity() > kMaxKeptBytes) return;
  bytes_ += buffer.capacity();
  const auto place = std::upper_bound(
      buffers_.begin(), buffers_.end(), buffer.capacity(),
      [](std::size_t capacity, const BodyBuffer& other) { return capacity < other.capacity(); });
  buffers_.insert(place, std::move(buffer));
}

}  // namespace dsw
