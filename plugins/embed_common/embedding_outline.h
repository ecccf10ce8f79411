// SPDX-License-Identifier: Apache-2.0
//
// Where in the answer of an embedding service its vectors are, whichever of the known shapes it
// has.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace dsw {

/// One vector, as it stands in the answer.
struct EmbeddingSlice {
  std::string_view json;    ///< From '[' to ']', or from quote to quote.
  std::int64_t index = -1;  ///< What the answer calls its position; -1 when it does not say.
};

struct EmbeddingOutline {
  std::vector<EmbeddingSlice> vectors;  ///< In the order of the answer; views into its body.
  std::int64_t prompt_tokens = -1;      ///< -1 when not said.
  std::int64_t total_tokens = -1;       ///< -1 when not said.
};

/// Understands
///   {"data": [{"index", "embedding"}, …]}, the embedding a list, a base64 text or an object of
///   them,
///   {"embeddings": [[…], …]}, {"embeddings": {"float": [[…], …]}}, {"embeddings": {"base64":
///   […]}},
///   [[…], …] and [{"index", "embedding"}, …],
///   and for one text {"embedding": […]} and […] of numbers;
/// tokens from usage, meta.billed_units and prompt_eval_count.
/// `body` is followed by DSW_HTTP_BODY_PADDING zero bytes. Throws a Failure with DSW_E_BAD_RESPONSE
/// that says what is wrong. Pure.
EmbeddingOutline OutlineEmbeddings(std::string_view body);

}  // namespace dsw
