// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "host/app/commands.h"
#include "host/config/describe.h"

namespace dsw {

Status CheckConfig(const Settings& settings, bool json) {
  const std::string text = json ? EffectiveJson(settings) + "\n" : EffectiveText(settings);
  std::fputs(text.c_str(), stdout);
  return {};
}

}  // namespace dsw
