// SPDX-License-Identifier: Apache-2.0
//
// libFuzzer's program. It runs the target that DSW_FUZZ_TARGET names; without that, it writes the
// seeds of each to a directory NAME below the current one, and the names to its output.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

#include "tests/fuzz/targets.h"

namespace {

const dsw::FuzzTarget* target = nullptr;

void WriteSeeds(const dsw::FuzzTarget& of) {
  const std::filesystem::path directory(of.name);
  std::filesystem::create_directories(directory);
  for (std::size_t i = 0; i < of.seeds.size(); ++i) {
    std::ofstream(directory / ("seed" + std::to_string(i)), std::ios::binary) << of.seeds[i];
  }
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const char* const name = std::getenv("DSW_FUZZ_TARGET");
  for (const dsw::FuzzTarget& known : dsw::FuzzTargets()) {
    if (name != nullptr && known.name == name) target = &known;
    if (name != nullptr) continue;
    WriteSeeds(known);
    std::cout << known.name << '\n';
  }
  std::cout.flush();
  if (name == nullptr) std::_Exit(EXIT_SUCCESS);
  if (target != nullptr) return 0;
  std::cerr << "no target " << name << '\n';
  std::_Exit(EXIT_FAILURE);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  target->run({reinterpret_cast<const char*>(data), size});
  return 0;
}
