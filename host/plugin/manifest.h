// SPDX-License-Identifier: Apache-2.0
//
// A plugin's own description, from the note in its file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.h"
#include "host/plugin/plugin_report.h"

namespace dsw {

struct Manifest {
  std::uint32_t abi_major = 0;
  std::uint32_t abi_minor = 0;
  std::uint32_t host_min = 0;  ///< Oldest host minor that the plugin can live with.
  std::string id;
  std::string version;
  std::string vendor;
  std::string license;
  std::vector<std::string> needs;         ///< Beyond the host's services: "files", "net".
  std::vector<ProviderReport> providers;  ///< At least one; no two of the same kind and id.
};

/// kInvalid, naming the member, for text that is not a manifest. Unknown members are ignored.
Result<Manifest> ParseManifest(std::string_view json);

}  // namespace dsw
