// SPDX-License-Identifier: Apache-2.0
//
// The libFuzzer program of the target that DSW_FUZZ_TARGET names.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "tests/fuzz/targets.h"

namespace {

const dsw::FuzzTarget& Target() {
  for (const dsw::FuzzTarget& target : dsw::FuzzTargets()) {
    if (target.name == DSW_FUZZ_TARGET) return target;
  }
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const dsw::FuzzTarget& target = Target();
  target.run({reinterpret_cast<const char*>(data), size});
  return 0;
}
