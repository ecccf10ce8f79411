// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/session.h"

#include "host/base/utf8.h"

namespace dsw {

std::string DatabaseText(std::string_view text) {
  std::string without_nul(text);
  std::erase(without_nul, '\0');
  return CleanUtf8(without_nul);
}

}  // namespace dsw
