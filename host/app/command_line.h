// SPDX-License-Identifier: Apache-2.0
//
// The commands of worker-datasets and their options.
#pragma once

namespace dsw {

constexpr int kExitDone = 0;
constexpr int kExitFailed = 1;  ///< The reason and the next step are on stderr.
constexpr int kExitUsage = 2;

/// Reads the arguments and the environment, and runs the command. Results go to stdout, logs and
/// errors to stderr.
int RunCommandLine(int argc, char** argv);

}  // namespace dsw
