// SPDX-License-Identifier: Apache-2.0
//
// How deep JSON of others may be nested where it is written out again.
#pragma once

namespace dsw {

/// Reading JSON takes no stack, but copying and writing it take some per level: enough levels end
/// the process. The outermost object is level 0.
inline constexpr int kDeepestJson = 64;
inline constexpr const char* kNestedTooDeeply = "nested more than 64 levels deep";

}  // namespace dsw
