// SPDX-License-Identifier: Apache-2.0
#include "host/isolation/arena.h"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/mman.h>
#include <unistd.h>

namespace dsw {
namespace {

/// What an idle slot may keep of each half.
constexpr std::uint64_t kKept = std::uint64_t{8} << 20;

std::uint64_t Aligned(std::uint64_t offset) {
  return (offset + wire::kAlignment - 1) / wire::kAlignment * wire::kAlignment;
}

tl::unexpected<Error> Failed(int error) {
  return Fail(Code::kUnavailable, "no shared memory: " + std::generic_category().message(error));
}

}  // namespace

Result<std::unique_ptr<Arena>> Arena::Create() {
  const int fd = memfd_create("dsw-plugin-arena", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return Failed(errno);
  const bool sized = ftruncate(fd, static_cast<off_t>(wire::kArenaBytes)) == 0 &&
                     fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0;
  void* const memory = sized ? mmap(nullptr, wire::kArenaBytes, PROT_READ | PROT_WRITE,
                                    MAP_SHARED | MAP_NORESERVE, fd, 0)
                             : MAP_FAILED;
  if (memory == MAP_FAILED) {
    const int error = errno;
    close(fd);
    return Failed(error);
  }
  return std::unique_ptr<Arena>(new Arena(fd, static_cast<char*>(memory)));
}

Arena::~Arena() {
  munmap(memory_, wire::kArenaBytes);
  close(fd_);
}

std::optional<std::uint64_t> Arena::Allocate(std::size_t size) {
  if (size > free_size()) return std::nullopt;
  const std::uint64_t offset = top_;
  blocks_.push_back({offset, true});
  top_ = std::min<std::uint64_t>(Aligned(offset + size), wire::kPluginHalf);
  highest_ = std::max(highest_, top_);
  return offset;
}

void Arena::Free(std::uint64_t offset) {
  const auto found = std::find_if(blocks_.rbegin(), blocks_.rend(),
                                  [&](const Block& block) { return block.offset == offset; });
  if (found != blocks_.rend()) found->live = false;
  for (; !blocks_.empty() && !blocks_.back().live; blocks_.pop_back()) {
    top_ = blocks_.back().offset;
  }
}

void Arena::GiveBack(std::uint64_t half, std::uint64_t& highest) const {
  if (highest <= half + kKept) return;
  fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(half + kKept),
            static_cast<off_t>(wire::kHalfBytes - kKept));
  highest = half;
}

void Arena::Reset() {
  blocks_.clear();
  top_ = wire::kWorkerHalf;
  GiveBack(wire::kWorkerHalf, highest_);
  GiveBack(wire::kPluginHalf, plugin_highest_);
}

bool Arena::InPluginHalf(std::uint64_t offset, std::uint64_t size) {
  return offset >= wire::kPluginHalf && offset <= wire::kArenaBytes &&
         size <= wire::kArenaBytes - offset;
}

}  // namespace dsw
