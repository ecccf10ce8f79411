// SPDX-License-Identifier: Apache-2.0
//
// A call as those who make it need it.
#pragma once

#include <string_view>
#include <vector>

#include <dsw/plugin.h>

#include "host/runner/instances.h"
#include "host/runner/slot.h"

namespace dsw::runner {

struct Served {
  Slot& slot;
  const dsw_call& call;
  const Instance& instance;
};

/// Borrows from what `reader` reads.
inline dsw_str ReadStr(wire::Reader& reader) {
  const std::string_view text = reader.Text();
  return {text.data(), text.size()};
}

inline std::vector<dsw_str> ReadStrs(wire::Reader& reader) {
  std::vector<dsw_str> texts(reader.Count(sizeof(std::uint64_t)));
  for (dsw_str& text : texts) text = ReadStr(reader);
  return texts;
}

}  // namespace dsw::runner
