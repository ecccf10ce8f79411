// SPDX-License-Identifier: Apache-2.0
//
// Shortens a text without breaking a character.
#pragma once

#include <cstddef>
#include <string_view>

#include "host/domain/plan.h"

namespace dsw {

/// At most `most` bytes of well-formed UTF-8: the beginning of `text`, or its end where the
/// beginning is to be cut off (Truncate::kStart). A view of `text`.
std::string_view CutText(std::string_view text, std::size_t most, Truncate side);

}  // namespace dsw
