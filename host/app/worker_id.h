// SPDX-License-Identifier: Apache-2.0
//
// How this process is named to others.
#pragma once

#include <string>

namespace dsw {

/// "{host name}/{process id}".
std::string WorkerId();

}  // namespace dsw
