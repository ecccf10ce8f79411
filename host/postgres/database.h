// SPDX-License-Identifier: Apache-2.0
//
// Connections to the database: lent out for one operation at a time, replaced when they break, and
// the operation done again where that can help. No operation outlasts its time, whatever becomes of
// the server. Sessions have no state: a transaction pooler may stand in between.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/base/clock.h"
#include "host/base/result.h"
#include "host/postgres/address.h"
#include "host/postgres/deadline_keeper.h"
#include "host/postgres/errors.h"

namespace dsw {

/// One connection; session.h has it.
struct Session;

struct DatabaseOptions {
  std::string url{};  ///< DATABASE_URL; may hold a password.
  /// Most connections lent out at a time, 0 for no bound. A LongTransaction and probes have
  /// connections beyond it, so that they neither starve the rest nor are starved.
  std::size_t pool_size = 0;
  std::chrono::seconds connect_timeout{5};  ///< For each address of the server.
  /// Operations that take longer lose their connection; see Patience.
  std::chrono::milliseconds short_limit = std::chrono::seconds(15);
  std::chrono::milliseconds long_limit = std::chrono::minutes(10);
  std::chrono::milliseconds probe_limit = std::chrono::seconds(4);
  /// How long an operation is tried again while the database cannot be reached.
  std::chrono::milliseconds retry_for = std::chrono::seconds(10);
};

/// Thread-safe. Connects when first used.
class Database {
 public:
  /// kInvalid for an address that cannot be read, kUnavailable when a thread cannot be started.
  static Result<std::unique_ptr<Database>> Open(DatabaseOptions options, Clock& clock);
  ~Database();

  /// Names the server and the database in messages; no credentials.
  const std::string& where() const { return address_.where; }

  enum class Retries {
    kNone,
    kUnlessInDoubt,  ///< For what must not be written twice.
    kAlways,         ///< For what may be repeated: its effect is that of doing it once.
  };
  /// How long one attempt may take, commit included.
  enum class Patience {
    kShort,  ///< For what the server does in a moment.
    kLong,   ///< For what grows with the dataset. The server does not give up by itself: begin such
             ///< a transaction with BeginLong().
    kProbe,  ///< For questions after the server's health; takes a connection beyond the pool.
  };
  struct Effort {
    Effort(Retries for_retries = Retries::kAlways, Patience for_patience = Patience::kShort)
        : retries(for_retries), patience(for_patience) {}
    Effort(Patience for_patience) : patience(for_patience) {}

    Retries retries = Retries::kAlways;
    Patience patience = Patience::kShort;
  };

  /// Runs `work` with a connection and returns its Result. An exception from it ends the attempt,
  /// drops the connection and becomes an Error, unless `effort` and its kind call for another.
  /// kUnavailable when an attempt takes too long, kCancelled after Cancel().
  template <class Work>
  auto Run(Effort effort, const Work& work) -> decltype(work(std::declval<Session&>())) {
    decltype(work(std::declval<Session&>())) result = Fail(Code::kInternal, "not run");
    RETURN_IF_ERROR(Repeatedly(effort.retries, [&] {
      WithPooled(effort.patience, [&](Session& session) { result = work(session); });
    }));
    return result;
  }
  template <class Work>
  auto Run(const Work& work) {
    return Run(Effort(), work);
  }

  /// Ends all waiting, and breaks off what is under way. Nothing can be run any more.
  void Cancel();

 private:
  friend class LongTransaction;

  Database(DatabaseOptions options, DatabaseAddress address, std::unique_ptr<DeadlineKeeper> keeper,
           Clock& clock);

  /// Calls `attempt` until it throws nothing, or nothing that a repetition helps against.
  Status Repeatedly(Retries retries, const std::function<void()>& attempt);
  void WithPooled(Patience patience, const std::function<void(Session&)>& work);
  /// False when the connection is of no use any more, although `work` succeeded. Throws what `work`
  /// throws, or DatabaseException when it was broken off.
  bool WithinLimit(Patience patience, Session& session, const std::function<void(Session&)>& work);
  /// Throws what libpqxx throws.
  std::unique_ptr<Session> Connect();
  std::unique_ptr<Session> Borrow(Patience patience);
  void GiveBack(std::unique_ptr<Session> session);
  void Drop();
  std::chrono::milliseconds LimitOf(Patience patience) const;
  DatabaseException Failure(Code code, std::string_view what, Repeat repeat) const;

  const DatabaseOptions options_;
  const DatabaseAddress address_;
  const std::unique_ptr<DeadlineKeeper> keeper_;
  Clock& clock_;
  std::stop_source cancel_;

  std::mutex mutex_;
  std::condition_variable_any returned_;
  std::vector<std::unique_ptr<Session>> idle_;  // guarded by mutex_
  std::size_t lent_ = 0;                        // guarded by mutex_
};

/// Success while the database can be reached, has the tables that this version needs, and takes
/// writes. The error says what is in the way, and the way out. Answers within seconds.
Status CheckTables(Database& database);
/// The same, and the role has all the rights that a worker needs.
Status CheckDatabase(Database& database);

}  // namespace dsw
