// SPDX-License-Identifier: Apache-2.0
#include "host/tool/command_line.h"

int main(int argc, char** argv) {
  return dsw::RunPluginTool(argc, argv);
}
