// SPDX-License-Identifier: Apache-2.0
//
// What is sent to Cohere, and what its errors mean. Pure.
#pragma once

#include <string>

#include <dsw/plugin.hpp>

#include "plugins/embed_cohere/config.h"
#include "plugins/embed_common/upstream_error.h"

namespace dsw::cohere {

/// Throws a Failure with DSW_E_INVALID_REQUEST for a size that the API's version cannot be asked
/// for.
std::string Body(const Config& config, const dsw_embed_request& request);

void Refine(const UpstreamError& error, Failure& failure);

}  // namespace dsw::cohere
