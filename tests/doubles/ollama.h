// SPDX-License-Identifier: Apache-2.0
//
// Ollama.
#pragma once

#include <memory>
#include <vector>

#include "tests/doubles/api.h"

namespace dsw::doubles {

std::unique_ptr<Api> MakeOllama(const Options& options);
std::vector<Canned> OllamaReplies();

}  // namespace dsw::doubles
