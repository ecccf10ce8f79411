// SPDX-License-Identifier: Apache-2.0
//
// Rows of the tables of known models.
#pragma once

#include <cstdint>

#include <dsw/plugin.h>

namespace dsw {

/// One model. Sizes in tokens, 0 for unknown; `price` in millionths of a US dollar per million
/// tokens; `min_dimensions` 0 for a fixed size.
constexpr dsw_model Model(dsw_str id, std::uint32_t dimensions, std::uint32_t min_dimensions,
                          std::uint32_t max_tokens, std::uint32_t max_request_tokens,
                          std::uint64_t price) {
  dsw_model model{};
  model.struct_size = sizeof model;
  model.dimensions = dimensions;
  model.max_tokens = max_tokens;
  model.min_dimensions = min_dimensions;
  model.id = id;
  model.max_request_tokens = max_request_tokens;
  model.price = price;
  return model;
}

}  // namespace dsw
