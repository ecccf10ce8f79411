// SPDX-License-Identifier: Apache-2.0
//
// Why a server refuses a connection, in a form that a program understands whatever language the
// server speaks.
#pragma once

#include <string>

namespace dsw {

/// Connects once more, to learn the SQLSTATE of the refusal: libpq keeps it to itself unless asked
/// for it beforehand. Empty when the server is not reached, answers too late (two seconds), or
/// lets us in.
std::string RefusalState(const std::string& connection_string);

}  // namespace dsw
