// SPDX-License-Identifier: Apache-2.0
//
// What makes a target's vectors what they are: when it changes, vectors of before and after cannot
// be compared, and everything is embedded again.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "host/domain/plan.h"
#include "host/ports/embedder.h"

namespace dsw {

/// JSON text of provider, model, dimensions, input type, truncation, and of those of the embedder's
/// own settings that decide; equal if and only if the vectors of equal texts are. At most a
/// kilobyte. Pure.
std::string MakerOf(const Embedder& embedder, const EmbedderConfig& config,
                    std::uint32_t dimensions);

/// A short name of a maker, for the stamps of points.
std::string ShortMaker(std::string_view maker);

}  // namespace dsw
