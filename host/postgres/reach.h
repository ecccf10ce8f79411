// SPDX-License-Identifier: Apache-2.0
//
// Finds the server that answers, in a way that can be given up: libpq's own way of connecting
// cannot, and keeps to itself why a server refuses.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>

namespace dsw {

struct Reached {
  std::string connection_string;  ///< Names the address that answered; empty for none.
  std::string error;              ///< For a person; of the last address.
  std::string state;              ///< SQLSTATE of a refusal; empty when no server got that far.
};

/// Logs in at each address of `connection_string` in turn, and out again, until one lets us in.
/// None is given more than its connect_timeout, which is 5 s where it is not said. Ends within a
/// moment once `stop` is requested, but for the names to be resolved.
Reached Reach(const std::string& connection_string, const std::stop_token& stop);

}  // namespace dsw
