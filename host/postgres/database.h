// SPDX-License-Identifier: Apache-2.0
//
// Connections to the database: lent out for one operation at a time, replaced when they break, and
// the operation done again where that can help.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "host/base/clock.h"
#include "host/base/result.h"
#include "host/postgres/address.h"
#include "host/postgres/errors.h"

namespace dsw {

/// One connection; session.h has it.
struct Session;

struct DatabaseOptions {
  std::string url;  ///< DATABASE_URL; may hold a password.
  /// Most connections lent out at a time, 0 for no bound. Reading a very large item and strict
  /// imports have a connection of their own beyond it, so that they cannot starve the rest.
  std::size_t pool_size = 0;
  std::chrono::seconds connect_timeout{5};
  std::chrono::milliseconds statement_timeout = std::chrono::minutes(10);
  /// How long an operation is tried again while the database cannot be reached.
  std::chrono::milliseconds retry_for = std::chrono::seconds(10);
};

/// Thread-safe. Connects when first used.
class Database {
 public:
  /// kInvalid for an address that cannot be read.
  static Result<std::unique_ptr<Database>> Open(DatabaseOptions options, Clock& clock);
  ~Database();

  /// Names the server and the database in messages; no credentials.
  const std::string& where() const { return address_.where; }

  enum class Retries {
    kNone,
    kUnlessInDoubt,  ///< For what must not be written twice.
    kAlways,         ///< For what may be repeated: its effect is that of doing it once.
  };
  /// Runs `work` with a connection and returns its Result. An exception from it ends the attempt,
  /// drops the connection and becomes an Error, unless `retries` and its kind call for another.
  template <class Work>
  auto Run(Retries retries, const Work& work) -> decltype(work(std::declval<Session&>())) {
    decltype(work(std::declval<Session&>())) result = Fail(Code::kInternal, "not run");
    RETURN_IF_ERROR(Repeatedly(
        retries, [&] { WithConnection([&](Session& session) { result = work(session); }); }));
    return result;
  }
  template <class Work>
  auto Run(const Work& work) {
    return Run(Retries::kAlways, work);
  }
  /// The same for work that brings its own connection, from Connect().
  template <class Work>
  auto RunUnpooled(Retries retries, const Work& work) -> decltype(work()) {
    decltype(work()) result = Fail(Code::kInternal, "not run");
    RETURN_IF_ERROR(Repeatedly(retries, [&] { result = work(); }));
    return result;
  }

  /// A connection that is not of the pool. Throws what libpqxx throws.
  std::unique_ptr<Session> Connect();

 private:
  Database(DatabaseOptions options, DatabaseAddress address, Clock& clock);

  /// Calls `attempt` until it throws nothing, or nothing that a repetition helps against.
  Status Repeatedly(Retries retries, const std::function<void()>& attempt);
  void WithConnection(const std::function<void(Session&)>& work);
  std::unique_ptr<Session> Borrow();
  void GiveBack(std::unique_ptr<Session> session);
  void Drop();

  const DatabaseOptions options_;
  const DatabaseAddress address_;
  Clock& clock_;

  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Session>> idle_;  // guarded by mutex_
  std::size_t lent_ = 0;                        // guarded by mutex_
};

/// Success while the database can be reached and has the tables this version needs; does not retry.
Status CheckDatabase(Database& database);

}  // namespace dsw
