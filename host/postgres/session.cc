// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/session.h"

#include <chrono>

#include "host/base/utf8.h"
#include "host/postgres/refusal.h"

namespace dsw {
namespace {

constexpr std::chrono::seconds kSlow{2};

pqxx::connection Connect(const std::string& connection_string) {
  const auto start = std::chrono::steady_clock::now();
  try {
    return pqxx::connection(connection_string);
  } catch (const pqxx::broken_connection& broken) {
    // A server that took its time has not refused; to ask it again would take as much.
    if (std::chrono::steady_clock::now() - start >= kSlow) throw;
    const std::string state = RefusalState(connection_string);
    if (state.empty()) throw;
    throw pqxx::sql_error(broken.what(), "", state.c_str());
  }
}

}  // namespace

Session::Session(const std::string& connection_string)
    : connection(Connect(connection_string)),
      socket(std::make_shared<SocketHandle>(connection.sock())) {
#if PQXX_VERSION_MAJOR < 7
  // It would connect again by itself, without a deadline, in the middle of what we gave up.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  connection.inhibit_reactivation(true);
#pragma GCC diagnostic pop
#endif
}

std::string DatabaseText(std::string_view text) {
  std::string without_nul(text);
  std::erase(without_nul, '\0');
  return CleanUtf8(without_nul);
}

}  // namespace dsw
