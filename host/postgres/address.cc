// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/address.h"

#include <memory>

#include <fmt/format.h>
#include <libpq-fe.h>

namespace dsw {
namespace {

using Options = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

ConnectionValues Collect(const PQconninfoOption* option) {
  ConnectionValues values;
  for (; option != nullptr && option->keyword != nullptr; ++option) {
    if (option->val != nullptr) values[option->keyword] = option->val;
  }
  return values;
}

std::string Quote(const std::string& value) {
  std::string quoted = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "'";
}

std::string Describe(ConnectionValues values) {
  std::string host = values["host"].empty() ? values["hostaddr"] : values["host"];
  if (host.empty()) host = "local socket";
  const std::string& port = values["port"];
  std::string name = values["dbname"].empty() ? values["user"] : values["dbname"];
  return fmt::format("{}{}{}/{}", host, port.empty() ? "" : ":", port, name);
}

}  // namespace

ConnectionValues ConnectionValuesOf(const std::string& connection_string) {
  const Options parsed(PQconninfoParse(connection_string.c_str(), nullptr), &PQconninfoFree);
  const Options defaults(PQconndefaults(), &PQconninfoFree);
  ConnectionValues values = Collect(parsed.get());
  const ConnectionValues others = Collect(defaults.get());
  // libpq reads the service's file only for what is not said otherwise.
  if (values.count("service") != 0) return values;
  // What comes from the environment may be a list as well.
  for (const char* keyword : {"host", "hostaddr", "port"}) {
    const auto found = others.find(keyword);
    if (found != others.end()) values.insert(*found);
  }
  return values;
}

std::string ConnectionString(const ConnectionValues& values) {
  std::string text;
  for (const auto& [keyword, value] : values) {
    if (!value.empty()) text += keyword + "=" + Quote(value) + " ";
  }
  return text;
}

Result<DatabaseAddress> ParseDatabaseAddress(const std::string& url,
                                             std::chrono::seconds connect_timeout) {
  char* reason = nullptr;
  const Options parsed(PQconninfoParse(url.c_str(), &reason), &PQconninfoFree);
  PQfreemem(reason);  // It repeats parts of the text, which may be the password.
  if (!parsed) {
    return Fail(Code::kInvalid,
                "DATABASE_URL: expected postgresql://user@host:5432/database, or pairs as in "
                "host=localhost dbname=semantic_explorer");
  }
  ConnectionValues values = Collect(parsed.get());
  RememberSecret(values["password"]);

  values.emplace("application_name", "worker-datasets");
  values.emplace("connect_timeout", std::to_string(connect_timeout.count()));
  // A server whose machine is gone is noticed within this time instead of a quarter of an hour.
  values.emplace("tcp_user_timeout", "30000");
  values.emplace("keepalives_idle", "30");
  values["client_encoding"] = "UTF8";
  const Options defaults(PQconndefaults(), &PQconninfoFree);
  std::string connection_string = ConnectionString(values);

  ConnectionValues effective = values;
  effective.merge(Collect(defaults.get()));
  return DatabaseAddress{.connection_string = Secret(std::move(connection_string)),
                         .where = Describe(std::move(effective))};
}

}  // namespace dsw
