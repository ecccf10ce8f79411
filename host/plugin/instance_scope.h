// SPDX-License-Identifier: Apache-2.0
//
// What the host does for one instance of a plugin and for no other.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "host/base/secret.h"

namespace dsw {

class HttpClient;

struct InstanceScope {
  HttpClient* http = nullptr;  ///< Outlives the instance; null: it has none.
  /// By the name in "{{secret:NAME}}".
  std::map<std::string, Secret, std::less<>> secrets{};
  /// Where the instance's HTTP requests may go, as "https://api.example.org:443".
  std::vector<std::string> origins{};
  /// Those of them that stand in the worker's own settings.
  std::vector<std::string> own_origins{};
  std::string lane{};  ///< Embedder::lane().
};

}  // namespace dsw
