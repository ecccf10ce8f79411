// SPDX-License-Identifier: Apache-2.0
//
// Voyage AI's embeddings.
#pragma once

#include <memory>
#include <vector>

#include "tests/doubles/api.h"

namespace dsw::doubles {

std::unique_ptr<Api> MakeVoyage(const Options& options);
std::vector<Canned> VoyageReplies();

}  // namespace dsw::doubles
