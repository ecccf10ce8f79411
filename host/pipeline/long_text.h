// SPDX-License-Identifier: Apache-2.0
//
// How much of a text to send when it is longer than a model takes.
#pragma once

#include <cstddef>

#include "host/base/result.h"
#include "host/domain/plan.h"
#include "host/domain/vectors.h"

namespace dsw {

/// Bytes of text that the embedder's own max_input_tokens allows, by estimate; 0 for any number.
/// The model's limit is not estimated: whether a text is over it, only the provider knows.
std::size_t MostInputBytes(const EmbedderConfig& config, const ModelFacts& facts);

/// Bytes of a text of `whole` to try next, after a provider refused `bytes` of it with `error`; 0
/// when there is nothing left to try. Always less: by the numbers of the error, else a quarter, and
/// then only down to a quarter of what the model could take, since its length is not what is wrong
/// with a text that is refused for ever.
std::size_t NextInputBytes(std::size_t bytes, std::size_t whole, const Error& error,
                           const ModelFacts& facts);

}  // namespace dsw
