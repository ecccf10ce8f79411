// SPDX-License-Identifier: Apache-2.0
//
// Cohere's embeddings, versions 1 and 2.
#pragma once

#include <memory>
#include <vector>

#include "tests/doubles/api.h"

namespace dsw::doubles {

std::unique_ptr<Api> MakeCohere(const Options& options);
std::vector<Canned> CohereReplies();

}  // namespace dsw::doubles
