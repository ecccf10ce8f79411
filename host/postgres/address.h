// SPDX-License-Identifier: Apache-2.0
//
// Where the database is: DATABASE_URL taken apart, and put together for libpq.
#pragma once

#include <chrono>
#include <map>
#include <string>

#include "host/base/result.h"
#include "host/base/secret.h"

namespace dsw {

struct DatabaseAddress {
  Secret connection_string;  ///< For libpq, with our defaults for what the user left open.
  std::string where;         ///< For messages, as "localhost:5432/semantic_explorer".
};

/// What libpq is told, by keyword.
using ConnectionValues = std::map<std::string, std::string>;
/// Of what libpq can read.
ConnectionValues ConnectionValuesOf(const std::string& connection_string);
/// For libpq; empty values are left out.
std::string ConnectionString(const ConnectionValues& values);

/// Reads a postgresql:// URL or key=value pairs; the password is remembered for redaction. What is
/// not said comes from libpq's environment (PGHOST, PGPASSFILE, …). kInvalid does not repeat the
/// text.
Result<DatabaseAddress> ParseDatabaseAddress(const std::string& url,
                                             std::chrono::seconds connect_timeout);

}  // namespace dsw
