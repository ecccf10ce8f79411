// SPDX-License-Identifier: Apache-2.0
//
// SQL of migrations that stands in files of its own.
#pragma once

namespace dsw {

extern const char* const kTargetState;
extern const char* const kSuspects;
extern const char* const kItemSizes;

}  // namespace dsw
