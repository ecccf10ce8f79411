// SPDX-License-Identifier: Apache-2.0
//
// How long a call may still take.
#pragma once

#include <cstdint>

#include <dsw/plugin.hpp>

namespace dsw::qdrant {

/// Until the call's deadline, at most `most`.
std::uint64_t RemainingMs(const dsw_host& host, const dsw_call& call, std::uint64_t most);

/// What the server is told to wait for a write, in seconds: four fifths of what is left, so that
/// its answer still comes in time; from 1 to 300.
std::uint64_t ServerTimeoutSeconds(const dsw_host& host, const dsw_call& call);

/// Waits, no longer than until the call is cancelled or its deadline has passed.
void Wait(const dsw_host& host, const dsw_call& call, std::uint64_t ms);

}  // namespace dsw::qdrant
