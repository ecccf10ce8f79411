// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/session.h"

#include <fmt/format.h>

#include "host/base/utf8.h"
#include "host/postgres/reach.h"

namespace dsw {
namespace {

/// Only connects to a server that has just let us in: this cannot be given up.
pqxx::connection Connect(const std::string& connection_string, const std::stop_token& stop) {
  const Reached reached = Reach(connection_string, stop);
  if (!reached.state.empty() && reached.connection_string.empty()) {
    throw pqxx::sql_error(reached.error, "", reached.state.c_str());
  }
  if (reached.connection_string.empty()) throw pqxx::broken_connection(reached.error);
  return pqxx::connection(reached.connection_string);
}

}  // namespace

Session::Session(const std::string& connection_string, const std::stop_token& stop)
    : connection(Connect(connection_string, stop)),
      socket(std::make_shared<SocketHandle>(connection.sock())) {
#if PQXX_VERSION_MAJOR < 7
  // It would connect again by itself, without a deadline, in the middle of what we gave up.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  connection.inhibit_reactivation(true);
#pragma GCC diagnostic pop
#endif
}

void BeginLong(pqxx::transaction_base& transaction) {
  Exec(transaction, "SET LOCAL jit = off; SET LOCAL statement_timeout = '10min'");
}

std::string IdArray(std::span<const std::int64_t> ids) {
  return fmt::format("{{{}}}", fmt::join(ids, ","));
}

std::string DatabaseText(std::string_view text) {
  std::string without_nul(text);
  std::erase(without_nul, '\0');
  return CleanUtf8(without_nul);
}

}  // namespace dsw
