// SPDX-License-Identifier: Apache-2.0
//
// Memory that the worker and a plugin's process share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "host/base/result.h"
#include "host/isolation/wire.h"

namespace dsw {

/// One arena; its worker's half is given out in blocks. What the plugin's process writes is never
/// taken for more than bytes. Belongs to one thread at a time.
class Arena {
 public:
  /// Sealed, so that nobody can shrink it below the other's feet. kUnavailable when there is no
  /// descriptor or memory for it.
  static Result<std::unique_ptr<Arena>> Create();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena();

  int fd() const { return fd_; }
  char* At(std::uint64_t offset) const { return memory_ + offset; }
  wire::ArenaHeader& header() const { return *reinterpret_cast<wire::ArenaHeader*>(memory_); }

  /// Where the next block begins, and how much there is.
  std::uint64_t free_offset() const { return top_; }
  std::size_t free_size() const { return wire::kPluginHalf - top_; }
  /// A block of so many bytes at free_offset(), which is the result; nothing when it does not fit.
  std::optional<std::uint64_t> Allocate(std::size_t size);
  /// Ends a block; its memory is given out again once all later ones are ended too.
  void Free(std::uint64_t offset);
  /// The plugin's half was used up to here.
  void NotePluginUse(std::uint64_t end) { plugin_highest_ = std::max(plugin_highest_, end); }
  /// Ends all blocks, and gives memory back when there was much.
  void Reset();

  /// `size` bytes at `offset` lie in the plugin's half.
  static bool InPluginHalf(std::uint64_t offset, std::uint64_t size);

 private:
  struct Block {
    std::uint64_t offset;
    bool live;
  };

  /// Gives back what lies behind the part of a half that an idle slot may keep.
  void GiveBack(std::uint64_t half, std::uint64_t& highest) const;

  Arena(int fd, char* memory) : fd_(fd), memory_(memory) {}

  const int fd_;
  char* const memory_;
  std::uint64_t top_ = wire::kWorkerHalf;
  std::uint64_t highest_ = wire::kWorkerHalf;
  std::uint64_t plugin_highest_ = wire::kPluginHalf;
  std::vector<Block> blocks_;
};

}  // namespace dsw
