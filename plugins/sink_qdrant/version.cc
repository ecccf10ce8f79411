// SPDX-License-Identifier: Apache-2.0
#include "plugins/sink_qdrant/version.h"

#include <charconv>

namespace dsw::qdrant {

bool AtLeast(std::string_view version, int minor) {
  int major = 0;
  int own_minor = 0;
  const char* const end = version.data() + version.size();
  const auto parsed = std::from_chars(version.data(), end, major);
  if (parsed.ptr != end) std::from_chars(parsed.ptr + 1, end, own_minor);
  return major > 1 || (major == 1 && own_minor >= minor);
}

}  // namespace dsw::qdrant
