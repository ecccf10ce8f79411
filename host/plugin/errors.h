// SPDX-License-Identifier: Apache-2.0
//
// Failures as they cross the plugin boundary.
#pragma once

#include <cstdint>
#include <string_view>

#include <dsw/plugin.h>

#include "host/base/result.h"

namespace dsw {

/// What a call is given to describe its failure in.
dsw_error EmptyError();

/// The meaning of DSW_E_*; kInternal for what has none here.
Code CodeOf(std::int32_t category);
/// What a plugin is told about a failure of the host's.
dsw_status StatusOf(Code code);

/// Writes `error` as far as the struct of *out reaches; `out` may be null.
void CopyError(const dsw_error& error, dsw_error* out);

/// The failure of a call of `who` that returned `status` and wrote `error`: well-formed UTF-8,
/// without secrets, with the upstream's status, code and request id. What the plugin calls local is
/// kInvalid of the worker's own. A category that does not
/// exist, or not the one that was returned, is a misbehaviour.
Error ErrorFrom(std::string_view who, dsw_status status, const dsw_error& error);

/// A breach of the contract by `who`: kInternal, "… misbehaved: …".
Error Misbehaviour(std::string_view who, std::string_view what);

}  // namespace dsw
