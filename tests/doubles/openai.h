// SPDX-License-Identifier: Apache-2.0
//
// OpenAI's embeddings.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/doubles/api.h"

namespace dsw::doubles {

std::unique_ptr<Api> MakeOpenAi(const Options& options);
std::vector<Canned> OpenAiReplies();
/// As Go prints one: "6ms", "1m30.5s".
std::string GoDuration(double seconds);

}  // namespace dsw::doubles
