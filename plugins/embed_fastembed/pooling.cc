// SPDX-License-Identifier: Apache-2.0
// Plain loops over floats; the compiler vectorises them.
#include "plugins/embed_fastembed/pooling.h"

#include <algorithm>
#include <cmath>

namespace dsw::fastembed {

void Pool(Pooling pooling, const float* hidden, std::size_t tokens, std::size_t dimensions,
          float* out) {
  std::copy_n(hidden, dimensions, out);
  if (pooling == Pooling::kCls) return;
  for (std::size_t token = 1; token < tokens; ++token) {
    const float* row = hidden + token * dimensions;
    for (std::size_t i = 0; i < dimensions; ++i) out[i] += row[i];
  }
  const float scale = 1.0f / static_cast<float>(tokens);
  for (std::size_t i = 0; i < dimensions; ++i) out[i] *= scale;
}

void Normalize(float* vector, std::size_t dimensions) {
  double square = 0;
  for (std::size_t i = 0; i < dimensions; ++i) square += double{vector[i]} * double{vector[i]};
  if (square == 0) return;
  const auto scale = static_cast<float>(1 / std::sqrt(square));
  for (std::size_t i = 0; i < dimensions; ++i) vector[i] *= scale;
}

}  // namespace dsw::fastembed
