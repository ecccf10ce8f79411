// SPDX-License-Identifier: Apache-2.0
//
// The body of an upsert over REST.
#pragma once

#include <string_view>
#include <vector>

#include "tests/doubles/qdrant/store.h"

namespace dsw::doubles {

struct UpsertRequest {
  std::vector<IncomingPoint> points;
  nlohmann::json update_filter;  ///< Null: none.
};

/// Both forms: a list of points, and columns. Throws a Refusal. `fast`: payloads are not kept.
UpsertRequest ReadUpsert(std::string_view body, bool fast);

}  // namespace dsw::doubles
