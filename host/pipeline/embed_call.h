// SPDX-License-Identifier: Apache-2.0
//
// One call to an embedder, through its lane.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "host/base/result.h"
#include "host/domain/chunk.h"
#include "host/domain/vectors.h"
#include "host/pipeline/lane_call.h"
#include "host/pipeline/open_target.h"

namespace dsw {

/// A chunk with what is sent of its text. Borrows both.
struct Input {
  const Chunk* chunk = nullptr;
  std::string_view text;

  bool truncated() const { return text.size() < chunk->text.size(); }
};

/// Bytes of text.
std::uint64_t BytesOf(std::span<const Input> inputs);

/// Embeds the texts, of batch number `batch`, as one call, and learns from what it cost. kConflict
/// when the vectors do not fit the collection; after kTimeout, `trouble` says whether the call
/// should be made smaller.
Result<Vectors> EmbedInputs(std::span<const Input> inputs, std::int64_t batch,
                            const OpenedTarget& opened, const WorkerContext& worker,
                            const JobScope& scope, Trouble& trouble);

/// Embeds a text that no provider refuses: what it tells is about the configuration.
Result<Vectors> EmbedProbe(const OpenedTarget& opened, const WorkerContext& worker,
                           const JobScope& scope);

}  // namespace dsw
