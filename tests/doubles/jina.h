// SPDX-License-Identifier: Apache-2.0
//
// Jina AI's embeddings.
#pragma once

#include <memory>
#include <vector>

#include "tests/doubles/api.h"

namespace dsw::doubles {

std::unique_ptr<Api> MakeJina(const Options& options);
std::vector<Canned> JinaReplies();

}  // namespace dsw::doubles
