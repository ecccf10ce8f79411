// SPDX-License-Identifier: Apache-2.0
//
// Jina's wire format: bodies of POST /embeddings, and what its errors mean. Pure.
#pragma once

#include <string>

#include <dsw/plugin.hpp>

#include "plugins/embed_common/upstream_error.h"
#include "plugins/embed_jina/config.h"

namespace dsw::jina {

std::string Body(const Config& config, const dsw_embed_request& request);

void Refine(const UpstreamError& error, Failure& failure);

}  // namespace dsw::jina
