// SPDX-License-Identifier: Apache-2.0
//
// Ids of points, computed once more from their documentation and not from the product's code.
#pragma once

#include <cstdint>
#include <string>

namespace dsw::fault_test {

/// UUIDv5 (SHA-1) of "ed-{embedded_dataset}-item-{item}-chunk-{chunk}" in the DNS namespace.
std::string ExpectedId(std::int64_t embedded_dataset, std::int64_t item, std::int64_t chunk);

}  // namespace dsw::fault_test
