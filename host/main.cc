// SPDX-License-Identifier: Apache-2.0
//
// worker-datasets: arguments and environment in, exit code out.
#include <cstdio>
#include <exception>

#include "host/app/command_line.h"

int main(int argc, char** argv) {
  try {
    return dsw::RunCommandLine(argc, argv);
  } catch (const std::exception& exception) {
    std::fprintf(stderr, "worker-datasets: %s\n", exception.what());
    return dsw::kExitFailed;
  }
}
