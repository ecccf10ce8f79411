// SPDX-License-Identifier: Apache-2.0
// From the vectors of tokens to the vector of a text.
#pragma once

#include <cstddef>

#include "plugins/embed_fastembed/known_models.h"

namespace dsw::fastembed {

/// Writes the vector of one text to `out`: of its first token, or the mean over its first `tokens`
/// (at least 1) tokens. `hidden` is row-major, one row of `dimensions` floats per token.
void Pool(Pooling pooling, const float* hidden, std::size_t tokens, std::size_t dimensions,
          float* out);

/// Scales `vector` to Euclidean length 1; the zero vector stays.
void Normalize(float* vector, std::size_t dimensions);

}  // namespace dsw::fastembed
