// SPDX-License-Identifier: Apache-2.0
//
// Hugging Face's text-embeddings-inference.
#pragma once

#include <memory>
#include <vector>

#include "tests/doubles/api.h"

namespace dsw::doubles {

std::unique_ptr<Api> MakeTei(const Options& options);
std::vector<Canned> TeiReplies();

}  // namespace dsw::doubles
