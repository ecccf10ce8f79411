// SPDX-License-Identifier: Apache-2.0
#include "host/postgres/database.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "host/base/log.h"
#include "host/postgres/migrate.h"
#include "host/postgres/session.h"

namespace dsw {
namespace {

constexpr std::chrono::milliseconds kFirstDelay{100};
constexpr std::chrono::milliseconds kLongestDelay{2000};

}  // namespace

Result<std::unique_ptr<Database>> Database::Open(DatabaseOptions options, Clock& clock) {
  ASSIGN_OR_RETURN(DatabaseAddress address,
                   ParseDatabaseAddress(options.url, options.connect_timeout));
  return std::unique_ptr<Database>(new Database(std::move(options), std::move(address), clock));
}

Database::Database(DatabaseOptions options, DatabaseAddress address, Clock& clock)
    : options_(std::move(options)), address_(std::move(address)), clock_(clock) {}

Database::~Database() = default;

std::unique_ptr<Session> Database::Connect() {
  auto session = std::make_unique<Session>(address_.connection_string.Reveal());
  pqxx::nontransaction transaction(session->connection);
  // Compiling a statement costs more than the short ones take, and the planner's estimates for JSON
  // make it look worth while.
  transaction.exec(
      fmt::format("SET statement_timeout = {}; SET jit = off", options_.statement_timeout.count()));
  return session;
}

std::unique_ptr<Session> Database::Borrow() {
  {
    std::unique_lock lock(mutex_);
    returned_.wait(lock, [this] { return options_.pool_size == 0 || lent_ < options_.pool_size; });
    ++lent_;
    if (!idle_.empty()) {
      std::unique_ptr<Session> session = std::move(idle_.back());
      idle_.pop_back();
      return session;
    }
  }
  try {
    return Connect();
  } catch (...) {
    Drop();
    throw;
  }
}

void Database::GiveBack(std::unique_ptr<Session> session) {
  {
    const std::lock_guard lock(mutex_);
    --lent_;
    idle_.push_back(std::move(session));
  }
  returned_.notify_one();
}

void Database::Drop() {
  std::vector<std::unique_ptr<Session>> suspects;
  {
    const std::lock_guard lock(mutex_);
    --lent_;
    // What broke one connection has most likely broken the others.
    suspects.swap(idle_);
  }
  returned_.notify_one();
}

void Database::WithConnection(const std::function<void(Session&)>& work) {
  std::unique_ptr<Session> session = Borrow();
  try {
    work(*session);
  } catch (...) {
    Drop();
    throw;
  }
  GiveBack(std::move(session));
}

Status Database::Repeatedly(Retries retries, const std::function<void()>& attempt) {
  const Clock::TimePoint give_up = clock_.Now() + options_.retry_for;
  for (std::chrono::milliseconds delay = kFirstDelay;; delay = std::min(2 * delay, kLongestDelay)) {
    DatabaseFailure failure;
    try {
      attempt();
      return {};
    } catch (const std::exception& exception) {
      failure = Translate(exception, address_.where);
    }
    const bool may_repeat = (failure.repeat == Repeat::kYes && retries != Retries::kNone) ||
                            (failure.repeat == Repeat::kInDoubt && retries == Retries::kAlways);
    if (!may_repeat || clock_.Now() + delay > give_up) return Fail(std::move(failure.error));
    Log(LogLevel::kDebug, "postgres", "trying again", {{"reason", failure.error.message}});
    clock_.WaitFor(delay, {});
  }
}

Status CheckDatabase(Database& database) {
  return database.Run(Database::Retries::kNone, [&](Session& session) -> Status {
    pqxx::nontransaction transaction(session.connection);
    const pqxx::result version = Exec(
        transaction, "SELECT max(version) FROM dsw_migrations HAVING max(version) IS NOT NULL");
    if (!version.empty() && Int64(version[0][0]) >= NewestMigration()) return {};
    return Fail(Code::kUnavailable,
                fmt::format("database {}: its tables are of an older version: run "
                            "`worker-datasets migrate`",
                            database.where()));
  });
}

}  // namespace dsw
