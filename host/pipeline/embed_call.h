// SPDX-License-Identifier: Apache-2.0
//
// The texts of a call to an embedder.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "host/base/result.h"
#include "host/domain/chunk.h"
#include "host/domain/vectors.h"
#include "host/pipeline/target_run.h"

namespace dsw {

/// A chunk with what is sent of its text. Borrows both.
struct Input {
  const Chunk* chunk = nullptr;
  std::string_view text;

  bool truncated() const { return text.size() < chunk->text.size(); }
};

/// Bytes of text.
std::uint64_t BytesOf(std::span<const Input> inputs);

/// Embeds the texts, of batch number `batch`, as one call (TargetRun::Embed).
Result<Vectors> EmbedInputs(std::span<const Input> inputs, std::int64_t batch, TargetRun& run,
                            Trouble& trouble);

}  // namespace dsw
