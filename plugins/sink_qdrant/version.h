// SPDX-License-Identifier: Apache-2.0
//
// Which Qdrant it is.
#pragma once

#include <string_view>

namespace dsw::qdrant {

/// Whether `version`, as "1.19.0", is 1.`minor` or newer; what is no version is not.
bool AtLeast(std::string_view version, int minor);

}  // namespace dsw::qdrant
