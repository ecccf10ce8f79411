// SPDX-License-Identifier: Apache-2.0
//
// A connection, and what differs between the versions of libpqxx that we build with (6.4 to 7.10).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "host/postgres/deadline_keeper.h"

#include <pqxx/pqxx>

namespace dsw {

/// Belongs to one thread at a time.
struct Session {
  /// Connects; gives up once `stop` is requested. Throws what libpqxx throws; a refusal by the
  /// server as a pqxx::sql_error with its SQLSTATE.
  Session(const std::string& connection_string, const std::stop_token& stop);

  pqxx::connection connection;
  std::shared_ptr<const SocketHandle> socket;
};

/// Runs one statement; its parameters are $1, $2, … and travel apart from the text. A null pointer
/// to characters is NULL.
template <class... Parameters>
pqxx::result Exec(pqxx::transaction_base& transaction, const char* sql,
                  const Parameters&... parameters) {
  if constexpr (sizeof...(parameters) == 0) {
    return transaction.exec(sql);
  } else {
#if PQXX_VERSION_MAJOR > 7 || (PQXX_VERSION_MAJOR == 7 && PQXX_VERSION_MINOR >= 10)
    return transaction.exec(sql, pqxx::params{parameters...});
#else
    return transaction.exec_params(sql, parameters...);
#endif
  }
}

/// For transactions of Patience::kLong: lets the server take as long as that allows, and keeps it
/// from compiling queries, which costs more than it saves.
void BeginLong(pqxx::transaction_base& transaction);

inline std::string_view View(const pqxx::field& field) {
  return {field.c_str(), static_cast<std::size_t>(field.size())};
}
inline std::string Text(const pqxx::field& field) {
  return std::string(View(field));
}
inline std::int64_t Int64(const pqxx::field& field) {
  return field.as<std::int64_t>();
}
inline std::int32_t Int32(const pqxx::field& field) {
  return field.as<std::int32_t>();
}
inline bool IsTrue(const pqxx::field& field) {
  return View(field) == "t";
}

/// As an array of the database.
std::string IdArray(std::span<const std::int64_t> ids);

/// `text` as the database can take it: without NUL, and as UTF-8 (U+FFFD for what is not).
std::string DatabaseText(std::string_view text);

}  // namespace dsw
