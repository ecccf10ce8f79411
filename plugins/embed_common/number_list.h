// SPDX-License-Identifier: Apache-2.0
//
// Vectors as JSON arrays of numbers, already cut out of their document.
#pragma once

#include <cstddef>
#include <string_view>

namespace dsw {

/// How many values `json`, which begins with '[', lists if it is an array of numbers.
std::size_t CountNumbers(std::string_view json);

/// Reads the `count` numbers of `json`, nearest float32 each, into `row`. False when it is not a
/// JSON array of exactly so many numbers, or one of them is beyond float32. At least eight bytes of
/// any content can be read behind `json`.
bool ReadNumbers(std::string_view json, float* row, std::size_t count);

}  // namespace dsw
