// SPDX-License-Identifier: Apache-2.0
//
// The settings of an instance.
#pragma once

#include <string>
#include <string_view>

namespace dsw::sqlite {

struct Config {
  std::string path;  ///< "path": the database file; its directory exists.
};

/// Throws dsw::Failure with DSW_E_INVALID_CONFIG, naming the JSON pointer, for anything else.
Config ParseConfig(std::string_view json);

}  // namespace dsw::sqlite
