// SPDX-License-Identifier: Apache-2.0
//
// What is sent in each dialect, and what its errors mean. Pure.
#pragma once

#include <string>
#include <string_view>

#include <dsw/plugin.hpp>

#include "plugins/embed_common/upstream_error.h"
#include "plugins/embed_internal/config.h"
#include "plugins/embed_internal/dialect.h"

namespace dsw::self_hosted {

/// dsw_error.code of a failure that says that the server speaks another dialect.
inline constexpr std::string_view kWrongDialect = "wrong_dialect";

/// `facts` is what the server says of itself.
std::string Body(const Config& config, Dialect dialect, const ServerFacts& facts,
                 const dsw_embed_request& request);

/// The reading of the errors of a dialect.
Refine RefineOf(Dialect dialect);

}  // namespace dsw::self_hosted
