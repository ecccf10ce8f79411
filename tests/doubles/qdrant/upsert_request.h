// SPDX-License-Identifier: Apache-2.0
//
// The body of an upsert over REST.
#pragma once

#include <string_view>
#include <vector>

#include "tests/doubles/qdrant/store.h"

namespace dsw::doubles {

/// Both forms: a list of points, and columns. Throws a Refusal. `fast`: payloads are not kept.
std::vector<IncomingPoint> ReadUpsert(std::string_view body, bool fast);

}  // namespace dsw::doubles
