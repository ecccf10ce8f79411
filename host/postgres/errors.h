// SPDX-License-Identifier: Apache-2.0
//
// From exceptions of libpqxx to errors that say what can be done.
#pragma once

#include <exception>
#include <string_view>

#include "host/base/result.h"

namespace dsw {

/// Whether doing the same again may help.
enum class Repeat {
  kNo,
  kYes,      ///< Nothing was written; the same may succeed in a moment.
  kInDoubt,  ///< The connection went away during the commit: written or not, nobody knows.
};

struct DatabaseFailure {
  Error error;
  Repeat repeat = Repeat::kNo;
};

/// What an exception means. `where` names the server and the database, without credentials.
DatabaseFailure Translate(const std::exception& exception, std::string_view where);

}  // namespace dsw
