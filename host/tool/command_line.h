// SPDX-License-Identifier: Apache-2.0
//
// The command line of dsw-plugin.
#pragma once

namespace dsw {

/// Runs the command and returns the exit code: 0 done, 1 failed, 2 wrong usage.
int RunPluginTool(int argc, char** argv);

}  // namespace dsw
