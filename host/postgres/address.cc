// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/address.h"

#include <map>
#include <memory>

#include <fmt/format.h>
#include <libpq-fe.h>

namespace dsw {
namespace {

using Options = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;
using Values = std::map<std::string, std::string>;

Values Collect(const PQconninfoOption* option) {
  Values values;
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

std::string Describe(Values values) {
  std::string host = values["host"].empty() ? values["hostaddr"] : values["host"];
  if (host.empty()) host = "local socket";
  const std::string& port = values["port"];
  std::string name = values["dbname"].empty() ? values["user"] : values["dbname"];
  return fmt::format("{}{}{}/{}", host, port.empty() ? "" : ":", port, name);
}

}  // namespace

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
  Values values = Collect(parsed.get());
  RememberSecret(values["password"]);

  values.emplace("application_name", "worker-datasets");
  values.emplace("connect_timeout", std::to_string(connect_timeout.count()));
  // A server whose machine is gone is noticed within this time instead of a quarter of an hour.
  values.emplace("tcp_user_timeout", "30000");
  values.emplace("keepalives_idle", "30");
  values["client_encoding"] = "UTF8";
  std::string connection_string;
  for (const auto& [keyword, value] : values) {
    if (!value.empty()) connection_string += keyword + "=" + Quote(value) + " ";
  }

  const Options defaults(PQconndefaults(), &PQconninfoFree);
  Values effective = values;
  effective.merge(Collect(defaults.get()));
  return DatabaseAddress{.connection_string = Secret(std::move(connection_string)),
                         .where = Describe(std::move(effective))};
}

}  // namespace dsw
