// SPDX-License-Identifier: Apache-2.0
//
// A transaction that lasts over several calls, on a connection of its own.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "host/postgres/database.h"
#include "host/postgres/session.h"

namespace dsw {

/// Takes no connection of the pool, so that it cannot starve the rest. Belongs to one thread at a
/// time.
class LongTransaction {
 public:
  /// Borrows the database. Connects when first used.
  explicit LongTransaction(Database& database) : database_(database) {}
  LongTransaction(const LongTransaction&) = delete;
  LongTransaction& operator=(const LongTransaction&) = delete;
  ~LongTransaction() { Rollback(); }

  /// False before the first call, and after one that failed: the next begins another transaction.
  bool open() const { return transaction_ != nullptr; }

  /// Runs `work` in the transaction and returns its Result, as Database::Run() does. An exception
  /// is the end of the transaction.
  template <class Work>
  auto Run(Database::Effort effort, const Work& work)
      -> decltype(work(std::declval<pqxx::work&>())) {
    decltype(work(std::declval<pqxx::work&>())) result = Fail(Code::kInternal, "not run");
    RETURN_IF_ERROR(database_.Repeatedly(effort.retries, [&] {
      Attempt(effort.patience, [&](pqxx::work& transaction) { result = work(transaction); });
    }));
    return result;
  }
  /// Success when nothing is open.
  Status Commit(Database::Patience patience);
  /// Ends it and closes the connection; does not wait long for a server that does not answer.
  void Rollback() noexcept;

 private:
  void Attempt(Database::Patience patience, const std::function<void(pqxx::work&)>& work);
  Database& database_;
  // In this order: the transaction ends before its connection.
  std::unique_ptr<Session> session_;
  std::unique_ptr<pqxx::work> transaction_;
};

}  // namespace dsw
