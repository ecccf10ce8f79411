// SPDX-License-Identifier: Apache-2.0
//
// OpenAI's wire format: bodies of POST /embeddings, and what its errors mean. Pure.
#pragma once

#include <string>

#include <dsw/plugin.hpp>

#include "plugins/embed_common/upstream_error.h"
#include "plugins/embed_openai/config.h"

namespace dsw::openai {

std::string Body(const Config& config, const dsw_embed_request& request);

/// Also knows the errors of servers that speak OpenAI's language.
void Refine(const UpstreamError& error, Failure& failure);

}  // namespace dsw::openai
